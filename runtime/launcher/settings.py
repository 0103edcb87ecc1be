"""What may change while a run goes on: the kubelet writes the file anew.

Its other side is `components.manifests.run_settings`.
"""

import contextlib
import json
from typing import NamedTuple

from launcher.causes import BROKEN_JOB, Ended


class Values(NamedTuple):
    """`max_time_seconds` is for all attempts together."""

    max_time_seconds: float
    checkpoint_seconds: float


class Settings:
    """The settings as they are at the moment."""

    def __init__(self, path: str) -> None:
        """Raises Ended(BROKEN_JOB) if they can't be read."""
        self._path = path
        try:
            self._last = _read(path)
        except (OSError, ValueError, TypeError, KeyError) as error:
            detail = "{}: {!r}".format(path, error)
            raise Ended(BROKEN_JOB, detail=detail) from None

    def now(self) -> Values:
        """Those that were read last where they can't be read now."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            self._last = _read(self._path)
        return self._last


def _read(path: str) -> Values:
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    return Values(float(data["max_time_seconds"]), float(data["checkpoint_seconds"]))
