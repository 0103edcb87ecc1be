"""Files that change while the process runs, as mounted Secrets and ConfigMaps do."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

_PAUSE_SECONDS = 1.0

T = TypeVar("T")


class Watched(Generic[T]):
    """What is read from the files of a folder: anew when they have changed.

    They are looked at when somebody asks, once a second at most. What can't be read leaves the
    value as it was: the kubelet may just be exchanging the files.
    """

    def __init__(self, folder: Path, read: Callable[[Sequence[Path]], T]) -> None:
        """`read` gets the files in order. It raises OSError, or ValueError if they make no sense,
        which it has then said."""
        self._folder = folder
        self._read = read
        self._seen: object = None
        self._value: T | None = None
        self._next = 0.0

    def current(self) -> T | None:
        """The value as of now; None before it could be read for the first time."""
        now = time.monotonic()
        if now < self._next:
            return self._value
        self._next = now + _PAUSE_SECONDS
        try:
            files = [
                path
                for path in sorted(self._folder.iterdir())
                if not path.name.startswith(".") and path.is_file()
            ]
            seen = [_state(file) for file in files]
            if seen != self._seen:
                self._seen = seen
                self._value = self._read(files)
        except OSError:
            self._seen = None
        except ValueError:
            pass
        return self._value


def _state(file: Path) -> tuple[str, int, int, int]:
    found = file.stat()
    return file.name, found.st_ino, found.st_mtime_ns, found.st_size
