"""How long a run has run, over all of its attempts, and the end of it when `max_time` is over."""

import contextlib
import json
import os
import threading
import time
from typing import Dict, Iterator, Optional

from launcher.causes import TIME_OVER, Ended
from launcher.job import Job
from launcher.layout import Layout
from launcher.processes import Supervisor
from launcher.settings import Settings
from launcher.storage import Storage

NAME = "run-time.json"
VERSION = 1
_WHAT = "run time"
_LOOK_SECONDS = 5.0
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60))


class RunTime:
    """Counts from where earlier attempts ended, which is kept beside the results."""

    def __init__(self, job: Job, settings: Settings, supervisor: Supervisor) -> None:
        self._job = job
        self._settings = settings
        self._supervisor = supervisor
        self._place = job.output.child(NAME)
        self._begin = time.monotonic()
        self._stands_since: Optional[float] = None
        self._is_kept = False
        self._over = threading.Event()

    def start(self, storage: Storage) -> None:
        """Go on counting, and end the run in time. Raises Ended if the storage can't be read."""
        content = storage.read(self._place, _WHAT)
        self._is_kept = content is not None
        self._begin -= self._earlier(content)
        threading.Thread(target=self._watch, daemon=True).start()

    def finish(self) -> None:
        """End nothing any more."""
        self._over.set()

    @property
    def seconds(self) -> float:
        """The time of all attempts together."""
        return (self._stands_since or time.monotonic()) - self._begin

    @contextlib.contextmanager
    def left_out(self) -> Iterator[None]:
        """What happens meanwhile does not count."""
        self._stands_since = since = time.monotonic()
        try:
            yield
        finally:
            self._begin += time.monotonic() - since
            self._stands_since = None

    def keep(self, storage: Storage, layout: Layout) -> None:
        """Write down how long it was so far. Raises Ended."""
        if self._supervisor.finishing:
            return  # no attempt will follow
        file = os.path.join(layout.scratch, NAME)
        with open(file, "w", encoding="utf-8") as out:
            json.dump(self._record(round(self.seconds, 1)), out)
        self._is_kept = True
        storage.put(file, self._place, _WHAT)

    def forget(self, storage: Storage) -> None:
        """Of a complete run nobody asks; what can't be removed does no harm."""
        if self._is_kept:
            with contextlib.suppress(Ended):
                storage.remove(self._place, _WHAT)

    def _record(self, seconds: float) -> Dict[str, object]:
        job = self._job
        return {
            "version": VERSION,
            "training": job.training,
            "revision": job.revision,
            "seconds": seconds,
        }

    def _earlier(self, content: Optional[bytes]) -> float:
        """Of the attempts before; 0 where nothing of this revision is written down."""
        try:
            data = json.loads(content or b"null")
            seconds = float(data["seconds"])
        except (ValueError, TypeError, KeyError):
            return 0.0
        return max(seconds, 0.0) if data == self._record(data["seconds"]) else 0.0

    def _watch(self) -> None:
        while True:
            limit = self._settings.now().max_time_seconds
            left = limit - self.seconds
            if left <= 0:
                self._supervisor.stop(Ended(TIME_OVER, limit=duration(limit)))
                return
            if self._over.wait(min(left, _LOOK_SECONDS)):
                return


def duration(seconds: float) -> str:
    """As the spec has it: `2h`, `90s`."""
    for unit, size in _UNITS:
        if seconds % size == 0:
            return "{:g}{}".format(seconds / size, unit)
    return "{:g}s".format(seconds)
