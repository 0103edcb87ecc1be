"""Whether an artifact is what its training made: the digests of the completion record."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving import examples
from serving.errors import Unusable

_FOLDER = "model/"
"""What paths in the record begin with."""
_MOST_NAMES = 3


def verify(folder: Path, record: Path) -> int:
    """Compare all files below a folder with a training's completion record; returns how many.

    Raises Unusable if the record can't be read, or a file is missing, different or too many. An
    example of a request may be put beside the rest later.
    """
    wanted = _wanted(record)
    found = _files(folder)
    troubles = {
        "missing": sorted(set(wanted) - set(found)),
        "not made by the training": sorted(set(found) - set(wanted) - {examples.FILE}),
        "different": [
            path
            for path in sorted(set(found) & set(wanted))
            if not _is_same(found[path], wanted[path])
        ],
    }
    said = [f"{_listed(paths)} {what}" for what, paths in troubles.items() if paths]
    if said:
        raise Unusable(f"the artifact is not what its training made: {'; '.join(said)}")
    return len(wanted)


def _wanted(record: Path) -> dict[str, Mapping[str, Any]]:
    try:
        files = json.loads(record.read_bytes())["files"]
        wanted: dict[str, Mapping[str, Any]] = {
            path.removeprefix(_FOLDER): {"sha256": item["sha256"], "size": item["size"]}
            for path, item in files.items()
        }
    except FileNotFoundError:
        raise Unusable(
            f"the training's completion record ({record.name}) is missing: nothing says that the "
            "artifact is whole"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unusable(
            f"the training's completion record ({record.name}) can't be read ({error!r})"
        ) from None
    return wanted


def _files(folder: Path) -> dict[str, Path]:
    """Every regular file below a folder, by its path there. Links are followed."""
    found: dict[str, Path] = {}
    seen = set()
    for top, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(top)
        if real in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        paths = [Path(top, name) for name in names]
        found |= {path.relative_to(folder).as_posix(): path for path in paths if path.is_file()}
    return found


def _is_same(file: Path, wanted: Mapping[str, Any]) -> bool:
    if file.stat().st_size != wanted["size"]:
        return False
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == str(wanted["sha256"])


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMES} more" if len(paths) > _MOST_NAMES else ""
    return f"{', '.join(paths[:_MOST_NAMES])}{more} {'is' if len(paths) == 1 else 'are'}"
