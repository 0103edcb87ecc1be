"""Keeps what the script writes into EM_CHECKPOINT_DIR, so that a later attempt goes on from there.

Each sync that finds something new makes a generation (`launcher.generations`) of a snapshot in
which no file is torn, and no file that was there before is of another moment than the rest.
"""

import hashlib
import json
import os
import shutil
import time
from typing import Callable, Dict, Optional, Set, Tuple

from launcher import generations, record
from launcher.generations import Folder, Generation
from launcher.job import Job
from launcher.layout import Layout
from launcher.logs import Log
from launcher.record import Digest
from launcher.storage import Storage

KEPT = 2
"""So many generations stay: the newest may be found broken when it is needed."""
REST_SECONDS = 1.0
"""Nothing may change for so long before a checkpoint is taken from a script that runs."""
_REST_TRIES = 10
_ROUNDS = 3

Signature = Dict[str, Tuple[int, int, int, int]]


class Checkpoints:
    """The checkpoints of one revision, in a folder of its own."""

    def __init__(self, job: Job, folder: Folder, layout: Layout, log: Log) -> None:
        self._job = job
        self._folder = folder
        self._directory = layout.checkpoint
        self._snapshot = layout.snapshot
        self._log = log
        self._last: Optional[Generation] = None
        self._broken: Set[str] = set()
        self._seen: Signature = {}

    def restore(self, storage: Storage) -> None:
        """Bring the newest whole generation into EM_CHECKPOINT_DIR, if there is one."""
        folder = self._folder._replace(storage=storage)
        listing = folder.listing()
        found = generations.restore(folder, listing, self._directory, self._log)
        whole = generations.number(found.name) if found else 0
        self._broken = {n for n in generations.closed(listing) if generations.number(n) > whole}
        if found:
            self._last = found
            text = "going on from checkpoint {} in {}"
            self._log.say(text.format(found.name, folder.place.address))

    def save(self, is_over: Callable[[float], bool]) -> None:
        """Keep what is in EM_CHECKPOINT_DIR as a generation, if it is new. Raises Ended.

        `is_over` waits so many seconds for the end of the script, and says whether it has come.
        """
        seen = signature(self._directory)
        if seen == self._seen:
            return
        seen = self._at_rest(seen, is_over)
        try:
            files = snapshot(self._directory, self._snapshot, set(self._last_files))
            if files is None:
                self._log.say("the checkpoint changes without a pause: not kept now", "WARNING")
            elif not files or files == self._last_files:
                self._seen = seen
            else:
                self._upload(files)
                self._seen = seen
        finally:
            shutil.rmtree(self._snapshot, ignore_errors=True)

    def _at_rest(self, seen: Signature, is_over: Callable[[float], bool]) -> Signature:
        """Wait until nothing changes any more: the script may be between two files of a checkpoint,
        or in the middle of a large one. One that never rests is taken as it is."""
        for _ in range(_REST_TRIES):
            ended = is_over(REST_SECONDS)
            before, seen = seen, signature(self._directory)
            if ended or seen == before:
                break
        return seen

    @property
    def _last_files(self) -> Dict[str, Digest]:
        return self._last.files if self._last else {}

    def _upload(self, files: Dict[str, Digest]) -> None:
        storage, place, what = self._folder
        name = generations.next_name(self._folder.listing())
        sizes = {path: digest.size for path, digest in files.items()}
        last = place.child(self._last.name) if self._last else None
        storage.upload(self._snapshot, place.child(name), sizes, what, like=last)
        written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        file = self._snapshot + ".json"
        with open(file, "w", encoding="utf-8") as out:
            json.dump(generations.manifest(self._job, written, files), out, indent=2)
        storage.put(file, generations.manifest_place(place, name), what)
        self._last = Generation(name, files)
        text = "checkpoint {}: {} files, {} bytes"
        self._log.say(text.format(name, len(files), sum(sizes.values())))
        self._prune(name)

    def _prune(self, newest: str) -> None:
        """Remove the oldest, what is broken and what never was closed; the manifest first."""
        storage, place, what = self._folder
        listing = self._folder.listing()
        closed = generations.closed(listing)
        kept = [name for name in closed if name not in self._broken][-KEPT:]
        for name in generations.names(listing):
            if name in kept or generations.number(name) > generations.number(newest):
                continue
            if name in closed:
                storage.remove(generations.manifest_place(place, name), what)
            if generations.files_of(name, listing):
                storage.remove_folder(place.child(name), what)


def signature(directory: str) -> Signature:
    """What changes when a file does, by path: inode, size, times of content and of state."""
    found: Signature = {}
    for path in record.files_below(directory):
        state = _state(os.path.join(directory, path))
        if state:
            found[path] = state
    return found


def snapshot(directory: str, target: str, known: Set[str]) -> Optional[Dict[str, Digest]]:
    """Copy the files of `directory` to `target`; what was copied.

    A file that changes while it is read is left out, and so is one that changes afterwards, as long
    as it is new: the script is just writing it. If one of `known` changes, all is read again; if
    that goes on, files count that are whole in themselves. None if one of `known` is not.
    """
    kept: Dict[str, Digest] = {}
    for _ in range(_ROUNDS):
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(target)
        paths = record.files_below(directory)
        copied = {path: _copy(directory, target, path) for path in paths}
        kept = {path: digest for path, digest in copied.items() if digest}
        changed = {path for path in paths if _digest(directory, path) != copied[path]}
        if not changed & known:
            for path in changed & kept.keys():
                os.remove(os.path.join(target, path))
            return {path: digest for path, digest in kept.items() if path not in changed}
    torn = known & set(paths) - kept.keys()
    return None if torn else kept


def _copy(directory: str, target: str, path: str) -> Optional[Digest]:
    """Copy one file; None if it changed meanwhile."""
    source, copy = os.path.join(directory, path), os.path.join(target, path)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    before = _state(source)
    state = hashlib.sha256()
    size = 0
    if before is None:
        return None
    try:
        with open(source, "rb") as file, open(copy, "wb") as out:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                state.update(chunk)
                size += out.write(chunk)
    except FileNotFoundError:
        return None
    if before != _state(source):
        os.remove(copy)
        return None
    # Scripts tell the newest by its time.
    os.utime(copy, ns=(before[2], before[2]))
    return Digest(state.hexdigest(), size)


def _digest(directory: str, path: str) -> Optional[Digest]:
    try:
        return record.digest(os.path.join(directory, path))
    except OSError:
        return None


def _state(path: str) -> Optional[Tuple[int, int, int, int]]:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
