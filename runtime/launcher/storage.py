"""Object storage and NAS, by rclone: a NAS is a folder to it, where object storage has prefixes.

Settings reach rclone as variables; credentials are variables already, from a Secret, and are never
on a command line. Failures name addresses as the user wrote them, not rclone's remotes.
"""

import copy
import json
import os
import re
import tempfile
from typing import Dict, List, Mapping, NamedTuple, Optional, Protocol, Sequence, Tuple

from launcher.causes import BROKEN_JOB, DENIED, NO_BUCKET, NOTHING_THERE, STORAGE_FAILED, Ended
from launcher.environment import encoded
from launcher.job import Place
from launcher.processes import File

_DIRECTORY_NOT_FOUND = 3  # rclone's exit code; with S3 only a missing container gives it
_DENIED = re.compile(
    r"StatusCode: 40[13]|AccessDenied|Forbidden|InvalidAccessKeyId|SignatureDoesNotMatch"
    r"|Unauthorized|permission denied|read-only file system"
    # Swift's 403 and 401; where a Keystone of version 2 refuses a password, rclone tries another
    # form of asking, and says what became of that.
    r"|Operation forbidden|Authorization Failed|Failed to create file system .*: Bad Request"
)
_DEFAULTS = {
    b"RCLONE_CONFIG": b"",  # no file: all is in the variables
    b"RCLONE_RETRIES": b"3",
    b"RCLONE_RETRIES_SLEEP": b"5s",
    b"RCLONE_LOW_LEVEL_RETRIES": b"3",
    b"RCLONE_CONTIMEOUT": b"15s",
    b"RCLONE_TIMEOUT": b"2m",
}


class Runner(Protocol):
    """Who runs rclone: `launcher.processes.Supervisor`, or in a thread beside it `sync.Syncs`."""

    def run(
        self, argv: Sequence[str], *, env: Mapping[bytes, bytes], stdout: File, stderr: File
    ) -> int:
        """Run a process to its end; its return code."""

    def check_stop(self) -> None:
        """Raises Ended if the run is to end."""


class Found(NamedTuple):
    """What lies at a place: path -> size in bytes.

    `is_object`: the place is an object itself, called by the last name of the address.
    """

    files: Dict[str, int]
    is_object: bool = False

    @property
    def size(self) -> int:
        return sum(self.files.values())


class Storage:
    """The stores of one job. Every method raises Ended with the cause that fits."""

    def __init__(
        self,
        rclone: str,
        stores: Mapping[str, Mapping[str, str]],
        runner: Runner,
        scratch: str,
        inherited: Mapping[bytes, bytes],
    ) -> None:
        self._rclone = rclone
        self._runner = runner
        self._scratch = scratch
        self._env = {**_DEFAULTS, **inherited}
        for remote, settings in stores.items():
            for key, value in settings.items():
                name = "RCLONE_CONFIG_{}_{}".format(remote, key).upper()
                self._env[encoded(name)] = encoded(value)

    def by(self, runner: Runner) -> "Storage":
        """The same stores, their processes run by another."""
        other = copy.copy(self)
        other._runner = runner
        return other

    def find(self, place: Place, what: str) -> Found:
        """What lies at `place`. Raises Ended(NOTHING_THERE) if nothing does.

        `a/b` is the folder `a/b/` and never its sibling `a/bc`. Empty objects that stand for
        folders count as nothing.
        """
        files = self.listing(place, what)
        if files:
            return Found(files)
        if not place.is_mounted or os.path.isfile(place.path):
            argv = ["lsjson", "--stat", _object(place)]
            shown = json.loads(self._call("read", place, what, argv))
            if shown and not shown["IsDir"]:
                return Found({place.address.rpartition("/")[2]: int(shown["Size"])}, True)
        raise Ended(NOTHING_THERE, address=place.address, what=what)

    def fetch(self, place: Place, found: Found, directory: str, what: str) -> None:
        """Copy what was found at `place` into `directory`."""
        os.makedirs(directory, exist_ok=True)
        if found.is_object:
            (name,) = found.files
            target = os.path.join(directory, name)
            argv = ["copyto", "--copy-links", _object(place), target]
        else:
            argv = ["copy", "--copy-links", _folder(place), directory]
        self._call("read", place, what, argv)

    def listing(self, place: Place, what: str) -> Dict[str, int]:
        """Path below `place` and size in bytes of every object there."""
        if place.is_mounted and not os.path.isdir(place.path):
            return {}
        argv = ["lsjson", "--recursive", "--files-only", "--no-modtime", "--no-mimetype"]
        argv.append("--copy-links")
        out = self._call("read", place, what, [*argv, _folder(place)])
        return {entry["Path"]: int(entry["Size"]) for entry in json.loads(out)}

    def read(self, place: Place, what: str) -> Optional[bytes]:
        """The content of one small object; None where there is none, or an empty one."""
        if place.is_mounted and not os.path.isfile(place.path):
            return None
        return self._call("read", place, what, ["cat", _object(place)]) or None

    def upload(
        self,
        directory: str,
        place: Place,
        sizes: Mapping[str, int],
        what: str,
        like: Optional[Place] = None,
    ) -> None:
        """Make `place` hold the files of `directory` and nothing else, then look that it does.

        `sizes` gives path and size in bytes of every file in it. What lies at `like` already, with
        the same content, is copied there by the store itself.
        """
        argv = ["sync", "--copy-links", directory, _folder(place)]
        if like is not None and not place.is_mounted:
            argv += ["--checksum", "--copy-dest", _folder(like)]
        self._call("write", place, what, argv)
        if self.listing(place, what) != dict(sizes):
            raise Ended(
                STORAGE_FAILED,
                verb="write",
                address=place.address,
                what=what,
                detail="other files arrived there than were sent",
            )

    def add(self, directory: str, place: Place, what: str) -> None:
        """Copy the files of `directory`, which may be growing, to `place`."""
        argv = ["copy", "--copy-links", "--local-no-check-updated", directory, _folder(place)]
        self._call("write", place, what, argv)

    def remove(self, place: Place, what: str) -> None:
        """Remove one object."""
        self._call("write", place, what, ["deletefile", _object(place)])

    def remove_folder(self, place: Place, what: str) -> None:
        """Remove a folder with all that is in it."""
        self._call("write", place, what, ["purge", _object(place)])

    def put(self, file: str, place: Place, what: str) -> None:
        """Write one object."""
        self._call("write", place, what, ["copyto", file, _object(place)])

    def _call(self, verb: str, place: Place, what: str, argv: List[str]) -> bytes:
        """What rclone prints. `verb`, `place` and `what` name the failure."""
        try:
            status, out, err = self._run([self._rclone, *argv])
        except OSError as error:
            raise Ended(BROKEN_JOB, detail="rclone: {}".format(error)) from None
        self._runner.check_stop()
        if status == 0:
            return out
        address = place.address
        failure = err.decode("utf-8", "replace")
        if _DENIED.search(failure):
            raise Ended(DENIED, verb=verb, address=address, what=what)
        if status == _DIRECTORY_NOT_FOUND or "NoSuchBucket" in failure:
            raise Ended(NO_BUCKET, address=address, what=what)
        detail = _last_message(failure) or "rclone ended with {}".format(status)
        raise Ended(STORAGE_FAILED, verb=verb, address=address, what=what, detail=detail)

    def _run(self, argv: List[str]) -> Tuple[int, bytes, bytes]:
        # Files, not pipes: nobody need read while it runs.
        scratch = tempfile.TemporaryFile
        with scratch(dir=self._scratch) as out, scratch(dir=self._scratch) as err:
            status = self._runner.run(argv, env=self._env, stdout=out, stderr=err)
            out.seek(0)
            err.seek(0)
            return status, out.read(), err.read()


def _object(place: Place) -> str:
    return "{}:{}".format(place.remote, place.path)


def _folder(place: Place) -> str:
    # With a slash at the end rclone takes it for a folder even where an object has that name.
    return _object(place) + "/"


def _last_message(text: str) -> str:
    """rclone's last line without date, level and request ids, at most 300 characters."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    message = re.sub(r"^[\d/]+ [\d:]+ \w+ *: ", "", lines[-1])
    message = re.sub(
        r"https response error StatusCode: \d+, RequestID: [^,]*, HostID: [^,]*, ", "", message
    )
    return message[-300:]
