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

from launcher.causes import (
    BROKEN_JOB,
    DENIED,
    NO_BUCKET,
    NOTHING_THERE,
    STORAGE_FAILED,
    STORAGE_SILENT,
    Cause,
    Ended,
)
from launcher.environment import encoded
from launcher.job import Job, Place
from launcher.layout import Layout
from launcher.logs import Log
from launcher.patience import Patience
from launcher.processes import File

_DIRECTORY_NOT_FOUND = 3  # rclone's exit code; with S3 only a missing container gives it
_LISTED_SECONDS = 30.0
"""So long what was written may stay out of listings: Swift's follow, most often at once."""
_DENIED = re.compile(
    r"StatusCode: 40[13]|AccessDenied|Forbidden|InvalidAccessKeyId|SignatureDoesNotMatch"
    r"|Unauthorized|permission denied|read-only file system"
    # Swift's 403 and 401; where a Keystone of version 2 refuses a password, rclone tries another
    # form of asking, and says what became of that.
    r"|Operation forbidden|Authorization Failed|Failed to create file system .*: Bad Request"
)
_SILENT = re.compile(
    r"connection refused|connection reset|no such host|server misbehaving|i/o timeout|no route to"
    r"|network is unreachable|TLS handshake timeout|deadline exceeded|unexpected EOF"
    r"|StatusCode: (429|50[0234])|HTTP Error: (429|50[0234])|SlowDown|ServiceUnavailable"
)
_MORE_ATTEMPTS = 2
"""After a failure that nothing is known of."""
_ASIDE_SECONDS = 10.0
"""How long a sync tries a store that does not answer: it comes again by itself."""
_DEFAULTS = {
    b"RCLONE_CONFIG": b"",  # no file: all is in the variables
    b"RCLONE_RETRIES": b"1",  # whether to try again is decided here
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

    def pause(self, seconds: float) -> None:
        """Wait. Raises Ended as soon as the run is to end."""


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
    """The stores of one job. Every method raises Ended with the cause that fits.

    A store that does not answer is tried again with growing pauses, as long as the job says.
    """

    def __init__(
        self,
        layout: Layout,
        job: Job,
        runner: Runner,
        inherited: Mapping[bytes, bytes],
        log: Log,
    ) -> None:
        self._rclone = layout.rclone
        self._scratch = layout.scratch
        self._retry_seconds: Mapping[str, float] = job.retry_seconds
        self._runner = runner
        self._log = log
        self._env = {**_DEFAULTS, **inherited}
        for remote, settings in job.stores.items():
            for key, value in settings.items():
                name = "RCLONE_CONFIG_{}_{}".format(remote, key).upper()
                self._env[encoded(name)] = encoded(value)

    def by(self, runner: Runner) -> "Storage":
        """The same stores, their processes run by another, which does not wait for them long."""
        other = copy.copy(self)
        other._runner = runner
        other._retry_seconds = {
            remote: min(seconds, _ASIDE_SECONDS) for remote, seconds in self._retry_seconds.items()
        }
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
        patience = Patience(_LISTED_SECONDS)
        while self.listing(place, what) != dict(sizes):
            if patience.is_over:
                raise Ended(
                    STORAGE_FAILED,
                    verb="write",
                    address=place.address,
                    what=what,
                    detail="other files arrived there than were sent",
                )
            self._runner.pause(patience.next_pause())

    def add(self, directory: str, place: Place, what: str) -> None:
        """Copy the files of `directory`, which may be growing, to `place`."""
        argv = ["copy", "--copy-links", "--local-no-check-updated", directory, _folder(place)]
        self._call("write", place, what, argv)

    def mirror(self, directory: str, place: Place, what: str) -> None:
        """Make `place` hold the files of `directory`, which may be growing, and nothing else."""
        argv = ["sync", "--local-no-check-updated", directory, _folder(place)]
        self._call("write", place, what, argv)

    def remove(self, place: Place, what: str) -> None:
        """Remove one object."""
        self._call("write", place, what, ["deletefile", _object(place)])

    def remove_folder(self, place: Place, what: str) -> None:
        """Remove a folder with all that is in it."""
        self._call("write", place, what, ["purge", _object(place)])

    def put(self, file: str, place: Place, what: str) -> None:
        """Write one object, without a look at what is there: where only a folder may be listed, S3
        answers 403 for an object that is missing."""
        self._call("write", place, what, ["copyto", "--no-check-dest", file, _object(place)])

    def _call(self, verb: str, place: Place, what: str, argv: List[str]) -> bytes:
        """What rclone prints. `verb`, `place` and `what` name the failure."""
        limit = self._retry_seconds.get(place.remote, 0.0)
        patience = Patience(limit)
        address = place.address
        while True:
            try:
                status, out, err = self._run([self._rclone, *argv])
            except OSError as error:
                raise Ended(BROKEN_JOB, detail="rclone: {}".format(error)) from None
            self._runner.check_stop()
            if status == 0:
                if patience.pauses:
                    self._log.say("{} ({}): it works again".format(address, what))
                return out
            failure = err.decode("utf-8", "replace")
            cause = _cause(status, failure)
            detail = _last_message(failure) or "rclone ended with {}".format(status)
            if not _may_pass(cause, patience):
                seconds = "{:g}".format(limit)
                values = {"verb": verb, "address": address, "what": what}
                raise Ended(cause, **values, seconds=seconds, detail=detail)
            if not patience.pauses:
                text = "could not {} {} ({}), trying again: {}"
                self._log.say(text.format(verb, address, what, detail), "WARNING")
            self._runner.pause(patience.next_pause())

    def _run(self, argv: List[str]) -> Tuple[int, bytes, bytes]:
        # Files, not pipes: nobody need read while it runs.
        scratch = tempfile.TemporaryFile
        with scratch(dir=self._scratch) as out, scratch(dir=self._scratch) as err:
            status = self._runner.run(argv, env=self._env, stdout=out, stderr=err)
            out.seek(0)
            err.seek(0)
            return status, out.read(), err.read()


def _cause(status: int, failure: str) -> Cause:
    if _DENIED.search(failure):
        return DENIED
    if status == _DIRECTORY_NOT_FOUND or "NoSuchBucket" in failure:
        return NO_BUCKET
    return STORAGE_SILENT if _SILENT.search(failure) else STORAGE_FAILED


def _may_pass(cause: Cause, patience: Patience) -> bool:
    """Whether another attempt may fare better."""
    if cause is STORAGE_SILENT:
        return not patience.is_over
    return cause is STORAGE_FAILED and patience.pauses < _MORE_ATTEMPTS


def _object(place: Place) -> str:
    return "{}:{}".format(place.remote, place.path)


def _folder(place: Place) -> str:
    # With a slash at the end rclone takes it for a folder even where an object has that name.
    return _object(place) + "/"


def _last_message(text: str) -> str:
    """rclone's last line without date, level and request ids, at most 300 characters.

    Of a call that found no server only what it met is left.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    message = re.sub(r"^[\d/]+ [\d:]+ \w+ *: ", "", lines[-1])
    message = re.sub(
        r"https response error StatusCode: \d+, RequestID: [^,]*, HostID: [^,]*, ", "", message
    )
    return re.sub(r'^.*request send failed, \w+ "[^"]*": ', "", message)[-300:]
