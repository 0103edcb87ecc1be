"""The entry point: one process, or several of one instance."""

import os
import time
from typing import Callable, Dict, List, NamedTuple, Sequence, Union

from launcher.causes import NOT_STARTED, Ended, of_script
from launcher.job import Job
from launcher.layout import Layout
from launcher.logs import Log, Pump
from launcher.memory import Memory
from launcher.processes import Supervisor

Argv = List[Union[str, bytes]]


class Start(NamedTuple):
    """One process of it. `label` tells it from the others; empty where there is one."""

    env: Dict[bytes, bytes]
    label: str = ""


class Script:
    """Runs the entry point to its end, and what it left behind."""

    def __init__(
        self, job: Job, layout: Layout, supervisor: Supervisor, log: Log, memory: Memory
    ) -> None:
        self._job = job
        self._layout = layout
        self._supervisor = supervisor
        self._log = log
        self._memory = memory

    def run(
        self, argv: Argv, starts: Sequence[Start], at_once: Callable[[int, str], None]
    ) -> "tuple[int, str]":
        """Exit code of the run, and the sentence for it if it is not 0.

        With several processes it is that of the first one that fails, and the others are ended.
        `at_once` is told both before anything is tidied up. Raises Ended(NOT_STARTED).
        """
        name = self._job.entry_point
        self._log.say("running {}".format(name))
        begin = time.monotonic()
        pumps = [Pump(self._log, start.label) for start in starts]
        try:
            decided, status = self._run(argv, starts, pumps)
            at_once(*self._end(starts[decided], status, pumps[decided]))
        finally:
            for pump in pumps:
                os.close(pump.writer)
            left = self._supervisor.end_leftovers()
            for pump in pumps:
                pump.close(5)
        seconds = time.monotonic() - begin
        self._log.say("{} ended with {} after {:.1f} s".format(name, status, seconds))
        if left:
            self._log.say("{} processes that it left behind were ended".format(left), "WARNING")
        return self._end(starts[decided], status, pumps[decided])

    def _run(self, argv: Argv, starts: Sequence[Start], pumps: Sequence[Pump]) -> "tuple[int, int]":
        """Which process decided it, and its status as subprocess counts it."""
        supervisor, cwd = self._supervisor, self._layout.source
        try:
            children = [
                supervisor.start(argv, env=start.env, cwd=cwd, stdout=pump.writer)
                for start, pump in zip(starts, pumps)
            ]
        except OSError as error:
            raise Ended(NOT_STARTED, detail=str(error)) from None
        return supervisor.await_all(children)

    def _end(self, start: Start, status: int, pump: Pump) -> "tuple[int, str]":
        if status == 0:
            return 0, ""
        name = self._job.entry_point
        whole = "{} ({})".format(name, start.label) if start.label else name
        return of_script(whole, status, pump.last_line, self._memory.shortage())
