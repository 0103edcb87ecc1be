"""What goes on beside the script: event files and checkpoints are kept while it runs."""

import threading
from typing import Any, Callable, Dict, List, Optional, Sequence

from launcher.causes import STOPPED, Ended
from launcher.checkpoints import Checkpoints, Signature, signature
from launcher.job import Job
from launcher.layout import Layout
from launcher.logs import Log
from launcher.processes import Supervisor
from launcher.settings import Settings
from launcher.storage import Storage

_LOOK_SECONDS = 1.0


class Repeater:
    """Does something every `seconds()` and once at the end, in a thread.

    What fails is said once, until it works again; the run goes on.
    """

    def __init__(
        self, what: str, seconds: Callable[[], float], action: Callable[[], None], log: Log
    ) -> None:
        self._what = what
        self._seconds = seconds
        self._action = action
        self._log = log
        self._failure = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Ask for the last time."""
        self._over.set()

    def is_done(self, seconds: float) -> bool:
        """Whether the last time is over; waits at most so long."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _repeat(self) -> None:
        while not self._over.wait(self._seconds()):
            self._try(is_last=False)
        self._try(is_last=True)

    def _try(self, is_last: bool) -> None:
        failure = ""
        try:
            self._action()
        except Ended as ended:
            failure = str(ended)
        except Exception as error:  # noqa: BLE001 - the run must not end over it
            failure = repr(error)
        if failure and (is_last or not self._failure):
            self._log.say("{} not kept: {}".format(self._what, failure), "WARNING")
        elif self._failure and not failure:
            self._log.say("{} kept again".format(self._what))
        self._failure = failure


class Syncs:
    """The syncs of one instance. They go on when a stop was asked for, while there is time."""

    def __init__(self, supervisor: Supervisor, settings: Settings, log: Log) -> None:
        self._supervisor = supervisor
        self._settings = settings
        self._log = log
        self._repeaters: List[Repeater] = []
        self._script_over = threading.Event()
        self._given_up = threading.Event()

    def add(self, what: str, seconds: Callable[[], float], action: Callable[[], None]) -> None:
        """Begin with one more."""
        self._repeaters.append(Repeater(what, seconds, action, self._log))

    def start(
        self, job: Job, index: int, layout: Layout, storage: Storage, kept: Optional[Checkpoints]
    ) -> None:
        """Begin with the script. `kept` are the checkpoints, if this instance keeps them."""
        target = job.tensorboard.child(str(index)) if job.hosts else job.tensorboard
        seen: Dict[str, Signature] = {"events": {}}

        def events() -> None:
            now = signature(layout.tensorboard)
            if now != seen["events"]:
                storage.add(layout.tensorboard, target, "TensorBoard events")
                seen["events"] = now

        self.add("TensorBoard events", lambda: job.tensorboard_seconds, events)
        if kept:
            seconds = lambda: self._settings.now().checkpoint_seconds  # noqa: E731
            self.add("checkpoint", seconds, lambda: kept.save(self._script_over.wait))

    def finish(self) -> None:
        """Sync once more, for the script is over, and wait for the end of it."""
        self._script_over.set()
        for repeater in self._repeaters:
            repeater.finish()
        left = list(self._repeaters)
        while left:
            left = [repeater for repeater in left if not repeater.is_done(_LOOK_SECONDS)]
            if left and self._supervisor.is_out_of_time:
                self._given_up.set()
                self._supervisor.end_aside()
                # What is in the middle of something else is given up with the process.
                for repeater in left:
                    repeater.is_done(_LOOK_SECONDS)
                break
        self._repeaters = []

    def run(self, argv: Sequence[str], **options: Any) -> int:
        """Run a process as Supervisor.run does, in a sync."""
        return self._supervisor.run_aside(argv, **options)

    def check_stop(self) -> None:
        """Raises Ended(STOPPED) once there is no time left."""
        if self._given_up.is_set():
            raise Ended(STOPPED)

    def pause(self, seconds: float) -> None:
        """Wait so long. Raises Ended(STOPPED) once there is no time left."""
        self._given_up.wait(seconds)
        self.check_stop()
