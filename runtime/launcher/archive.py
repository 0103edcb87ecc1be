"""A copy of the log in storage, for when the pod and its own log are gone.

An attempt has a folder of its own: parts, of which the first and the last few stay, and `end.json`
once it has ended. Nothing that goes wrong here changes how the run ends.
"""

import contextlib
import json
import os
import time
from typing import Any, BinaryIO, List, Mapping, Optional, Sequence

from launcher.job import Job
from launcher.layout import Layout
from launcher.logs import Log
from launcher.processes import File, Supervisor
from launcher.storage import Storage
from launcher.sync import Repeater

VERSION = 1
END = "end.json"
PART_BYTES = 4 << 20
LAST_PARTS = 3
_LAST_SECONDS = 60.0
_LAST_SECONDS_OF_A_STOP = 8.0  # all else may take until shortly before the pod is killed


class Parts:
    """Files that hold the beginning and the end of what was written, cut between lines."""

    def __init__(self, folder: str, part_bytes: int = PART_BYTES) -> None:
        self._folder = folder
        self._part_bytes = part_bytes
        self._number = 0
        self._size = 0
        self._file: Optional[BinaryIO] = None

    def write(self, data: bytes) -> None:
        """Add to the end. What a full disk does not take is left out."""
        with contextlib.suppress(OSError):
            self._write(data)

    def close(self) -> None:
        """Nothing more is written."""
        if self._file is not None:
            self._file.close()

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = open(self._path(self._number), "ab", 0)  # noqa: SIM115
        size = self._size + len(data)
        cut = 0
        if size >= self._part_bytes:
            # A progress bar may go on without ever ending its line.
            cut = data.rfind(b"\n") + 1 or (len(data) if size >= 2 * self._part_bytes else 0)
        self._file.write(data[:cut] if cut else data)
        self._size = size
        if cut:
            self._file.close()
            self._file = None
            self._number += 1
            self._size = 0
            if self._number > LAST_PARTS:
                os.unlink(self._path(self._number - LAST_PARTS))
            if cut < len(data):
                self._write(data[cut:])

    def _path(self, number: int) -> str:
        return os.path.join(self._folder, "part-{:06d}.log".format(number))


class Archive:
    """Keeps the log of one attempt in storage, now and then while it is written and at the end."""

    def __init__(self, job: Job, index: int, layout: Layout, storage: Storage, log: Log) -> None:
        """From now on. What `storage` runs must not end when the run is to."""
        self._storage = storage
        self._folder = layout.archive
        started = time.time()
        clock = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started))
        pod = layout.pod_name
        # Attempts sort by their start.
        self._place = job.logs.child(str(index)).child("{}.{}".format(clock, pod or "pod"))
        self._about = {
            "version": VERSION,
            "training": job.training,
            "revision": job.revision,
            "instance": index,
            "pod": pod,
            "started": _clock(started),
        }
        self._kept: List[Any] = []
        log.keep(Parts(self._folder).write)
        self._repeater = Repeater("log", lambda: job.log_seconds, self._save, log)

    def finish(self, code: int, sentence: str, supervisor: Supervisor) -> None:
        """Note how the attempt ended, and save for the last time, as long as there is time."""
        end = dict(self._about, finished=_clock(time.time()), exit_code=code, sentence=sentence)
        with contextlib.suppress(OSError), open(
            os.path.join(self._folder, END), "w", encoding="utf-8"
        ) as file:
            json.dump(end, file, ensure_ascii=True, indent=2)
        self._repeater.finish()
        stopped = supervisor.stop_requested
        if not self._repeater.is_done(_LAST_SECONDS_OF_A_STOP if stopped else _LAST_SECONDS):
            supervisor.end_aside()
            self._repeater.is_done(1.0)

    def _save(self) -> None:
        """Make storage hold what there is, if it has changed. Raises Ended."""
        now = sorted((entry.name, entry.stat().st_size) for entry in os.scandir(self._folder))
        if now != self._kept:
            self._storage.mirror(self._folder, self._place, "log")
            self._kept = now


class Aside:
    """Runs processes beside the run, whether that is to stop or not."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def run(
        self, argv: Sequence[str], *, env: Mapping[bytes, bytes], stdout: File, stderr: File
    ) -> int:
        return self._supervisor.run_aside(argv, env=env, stdout=stdout, stderr=stderr)

    def check_stop(self) -> None:
        pass

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
