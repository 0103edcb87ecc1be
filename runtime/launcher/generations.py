"""Generations of checkpoints as they lie in storage: pure, and how one is restored.

A generation is a folder `000003-20260131T120000Z` and, written after all of it, the manifest
`000003-20260131T120000Z.json` with the digest of every file. Without that it does not count.
"""

import json
import os
import re
import shutil
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from launcher import record
from launcher.job import Job, Place
from launcher.logs import Log
from launcher.record import Digest
from launcher.storage import Found, Storage

VERSION = 1
_NAME = re.compile(r"[0-9]{6,}-[0-9]{8}T[0-9]{6}Z")
_MANIFEST = ".json"


def holds_some(listing: Mapping[str, int]) -> bool:
    """Whether a folder is one that generations are kept in."""
    return bool(names(listing))


def names(listing: Mapping[str, int]) -> List[str]:
    """All generations, closed or not, oldest first."""
    found = {_name_of(path.partition("/")[0]) for path in listing} - {""}
    return sorted(found, key=number)


def closed(listing: Mapping[str, int]) -> List[str]:
    """Those with a manifest, oldest first."""
    return [name for name in names(listing) if name + _MANIFEST in listing]


def number(name: str) -> int:
    """By which generations are ordered: clocks of nodes differ."""
    return int(name.partition("-")[0])


def next_name(listing: Mapping[str, int]) -> str:
    """Name for one more."""
    found = names(listing)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return "{:06d}-{}".format(number(found[-1]) + 1 if found else 1, stamp)


def files_of(name: str, listing: Mapping[str, int]) -> Dict[str, int]:
    """Path and size of every file in the folder of a generation."""
    prefix = name + "/"
    return {path[len(prefix) :]: size for path, size in listing.items() if path.startswith(prefix)}


def manifest_place(place: Place, name: str) -> Place:
    """Where a generation's manifest lies."""
    return place.child(name + _MANIFEST)


def manifest(job: Job, written: str, files: Mapping[str, Digest]) -> Dict[str, Any]:
    """The manifest as JSON data. Sizes are bytes, the time is UTC."""
    return {
        "version": VERSION,
        "training": job.training,
        "revision": job.revision,
        "written": written,
        "files": {
            path: {"sha256": digest.sha256, "size": digest.size}
            for path, digest in sorted(files.items())
        },
    }


class Generation(NamedTuple):
    """One that is whole, with its files."""

    name: str
    files: Dict[str, Digest]


class Folder(NamedTuple):
    """Where generations lie; messages call it `what`."""

    storage: Storage
    place: Place
    what: str

    def listing(self) -> Dict[str, int]:
        """Path and size in bytes of every object in it."""
        return self.storage.listing(self.place, self.what)


def restore(
    folder: Folder, listing: Mapping[str, int], directory: str, log: Log
) -> Optional[Generation]:
    """Bring the newest generation that verifies into `directory`; None if none does.

    What does not verify is named in the log. `listing` is the folder's.
    """
    storage, place, what = folder
    for name in reversed(closed(listing)):
        wanted = _read_manifest(storage.read(manifest_place(place, name), what))
        found = Found(files_of(name, listing))
        if wanted is None:
            log.say("{} {}: its manifest can't be read".format(what, name), "WARNING")
            continue
        if {path: digest.size for path, digest in wanted.items()} == found.files:
            shutil.rmtree(directory, ignore_errors=True)
            storage.fetch(place.child(name), found, directory, what)
            if record.digests(directory) == wanted:
                return Generation(name, wanted)
            shutil.rmtree(directory, ignore_errors=True)
            os.makedirs(directory)
        log.say("{} {} is not what its manifest says".format(what, name), "WARNING")
    return None


def _read_manifest(content: Optional[bytes]) -> Optional[Dict[str, Digest]]:
    try:
        data = json.loads(content or b"null")
        return {
            str(path): Digest(str(entry["sha256"]), int(entry["size"]))
            for path, entry in data["files"].items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _name_of(top: str) -> str:
    name = top[: -len(_MANIFEST)] if top.endswith(_MANIFEST) else top
    return name if _NAME.fullmatch(name) else ""
