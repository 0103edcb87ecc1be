"""The run, step by step."""

import json
import os
import time
import traceback
from typing import Dict, List, Optional, Union

from launcher import distributed, environment, inputs, packages, record
from launcher import job as jobs
from launcher.archive import Archive, Aside
from launcher.causes import (
    KILLED,
    LAUNCHER_FAILED,
    NO_ENTRY_POINT,
    NO_MODEL,
    NOT_STARTED,
    Ended,
    of_script,
    upload,
)
from launcher.checkpoints import Checkpoints
from launcher.generations import Folder
from launcher.job import Job
from launcher.layout import Inputs, Layout
from launcher.logs import Log, Pump
from launcher.memory import Memory
from launcher.processes import Supervisor
from launcher.rollcall import RollCall
from launcher.runtime import RunTime
from launcher.settings import Settings
from launcher.storage import Storage
from launcher.sync import Syncs

TERMINATION_LOG = "/dev/termination-log"
_LATE_PAUSE_SECONDS = 0.2
_LONGEST_TERMINATION = 4096  # bytes that Kubernetes keeps


def main(home: str, termination_log: str = TERMINATION_LOG) -> int:
    """Run the training whose document lies under `home`; returns the exit code.

    The sentence that explains the end goes into the log and into the termination message.
    """
    # It stays if nothing here gets to write another.
    _note(termination_log, KILLED.sentence)
    log = Log()
    supervisor = Supervisor()
    run = None
    try:
        run = Run(Layout(home), supervisor, log)
        code, sentence = run.start()
    except Ended as ended:
        code, sentence = ended.code, str(ended)
    except Exception as error:  # noqa: BLE001 - whatever it was, the pod must say so
        log.say(traceback.format_exc(), "ERROR")
        failed = Ended(LAUNCHER_FAILED, detail=repr(error))
        code, sentence = failed.code, str(failed)
    finally:
        supervisor.end_leftovers()
    if sentence:
        log.say(sentence, "ERROR" if code else "WARNING")
    _note(termination_log, sentence)
    if run is not None:
        run.archive.finish(code, sentence, supervisor)
    return code


def _note(path: str, sentence: str) -> None:
    try:
        with open(path, "wb") as file:
            file.write(sentence.encode("utf-8", "replace")[:_LONGEST_TERMINATION])
    except OSError:
        pass  # outside a pod


class Run:
    """One run of one instance."""

    def __init__(self, layout: Layout, supervisor: Supervisor, log: Log) -> None:
        self.layout = layout
        self.supervisor = supervisor
        self.log = log
        self.job: Job = jobs.load(layout.job)
        supervisor.grace_seconds = self.job.grace_seconds
        if self.job.log_management:
            log.use_json(self.job.app_key, self.job.training_id)
        self.index = distributed.index_of(self.job, os.environ)
        layout.create()
        self.storage = Storage(layout, self.job, supervisor, os.environb, log)
        aside = self.storage.by(Aside(supervisor))
        self.archive = Archive(self.job, self.index, layout, aside, log)
        self.settings = Settings(layout.settings)
        self.run_time = RunTime(self.job, self.settings, supervisor)
        self.syncs = Syncs(supervisor, self.settings, log)
        self.memory = Memory()
        self.roll_call = RollCall(self.job.hosts, self.index)

    def start(self) -> "tuple[int, str]":
        """Exit code, and the sentence that explains it if all is not well. Raises Ended."""
        done = self.job.output.child(record.NAME)
        if record.is_own(self.storage.read(done, "output data"), self.job):
            self.log.say("already complete: {} is there, nothing to do".format(done.address))
            return 0, ""
        try:
            self._count()
            return self._attempt()
        finally:
            self.run_time.finish()
            self.syncs.finish()

    def _count(self) -> None:
        """Have the run end with `max_time`, of which instance 0 keeps what is used up."""
        self.run_time.start(self.storage)
        aside = self.storage.by(self.syncs)
        if self.index == 0:
            self.syncs.add(
                "run time",
                lambda: self.settings.now().checkpoint_seconds,
                lambda: self.run_time.keep(aside, self.layout),
            )

    def _attempt(self) -> "tuple[int, str]":
        started = _now()
        found = inputs.fetch(self.job, self.layout, self.storage, self.log)
        aside = self.storage.by(self.syncs)
        kept = self._checkpoints(aside)
        argv, env = self._command(found)
        pause = self.supervisor.pause
        with self.run_time.left_out():
            distributed.await_peers(self.job, self.log, pause, distributed.has_address)
        self.roll_call.tell()
        self.syncs.start(self.job, self.index, self.layout, aside, kept)
        try:
            status, last_line = self._script(argv, env)
        finally:
            self.syncs.finish()
        self.supervisor.check_stop()
        if status != 0:
            return of_script(self.job.entry_point, status, last_line, self.memory.shortage())
        self._await_late_ones()
        if self.index == 0:
            with upload(self.job.entry_point):
                if not self._keep(started):
                    return NO_MODEL.code, NO_MODEL.sentence
        return 0, ""

    def _await_late_ones(self) -> None:
        """Stay where the others find this instance until all of them have."""
        end = time.monotonic() + self.job.peer_seconds
        absent = self.roll_call.absent()
        if absent:
            numbers = ", ".join(map(str, absent))
            self.log.say("staying for instances {}, which begin later".format(numbers))
        while self.roll_call.absent() and time.monotonic() < end:
            if self.supervisor.stop_requested:
                return
            self.supervisor.pause(_LATE_PAUSE_SECONDS)

    def _checkpoints(self, aside: Storage) -> Optional[Checkpoints]:
        """What an earlier attempt kept is restored; None where this instance keeps none."""
        place = self.job.checkpoint
        if place is None:
            return None
        kept = Checkpoints(self.job, Folder(aside, place, "checkpoint"), self.layout, self.log)
        kept.restore(self.storage)
        return kept if self.index == 0 else None

    def _command(self, found: Inputs) -> "tuple[List[Union[str, bytes]], Dict[bytes, bytes]]":
        """The script's arguments and environment; its packages get installed for that."""
        job, layout = self.job, self.layout
        entry_point = os.path.join(layout.source, job.entry_point)
        if not os.path.isfile(entry_point):
            raise Ended(NO_ENTRY_POINT, entry_point=job.entry_point, address=job.code.address)

        ours = {
            **distributed.variables(job, self.index),
            **environment.variables(job, layout, found),
        }

        def env(bin_directory: str) -> "Dict[bytes, bytes]":
            return environment.of_script(ours, layout, os.environb, bin_directory)

        python = packages.interpreter(job.entry_point, layout, self.supervisor, self.log, env(""))
        in_venv = python.startswith(layout.venv + os.sep)
        argv: "List[Union[str, bytes]]" = [python, entry_point]
        argv += [environment.encoded(arg) for arg in environment.arguments(job.hyperparameters)]
        return argv, env(os.path.dirname(python) if in_venv else "")

    def _script(
        self, argv: "List[Union[str, bytes]]", env: Dict[bytes, bytes]
    ) -> "tuple[int, str]":
        """Run the entry point; its status as subprocess counts it, and its last line."""
        job, layout = self.job, self.layout
        self.log.say("running {}".format(job.entry_point))
        begin = time.monotonic()
        pump = Pump(self.log)
        try:
            status = self.supervisor.run(argv, env=env, cwd=layout.source, stdout=pump.writer)
            self.supervisor.finishing = status == 0 and not self.supervisor.is_stopping
        except OSError as error:
            raise Ended(NOT_STARTED, detail=str(error)) from None
        finally:
            os.close(pump.writer)
            left = self.supervisor.end_leftovers()
            pump.close(5)
        seconds = time.monotonic() - begin
        self.log.say("{} ended with {} after {:.1f} s".format(job.entry_point, status, seconds))
        if left:
            self.log.say("{} processes that it left behind were ended".format(left), "WARNING")
        return status, pump.last_line

    def _keep(self, started: str) -> bool:
        """Upload the model, then the record. Whether there is a model."""
        model = self.layout.model
        files = record.digests(model)
        figures = record.metrics(model, self.log)
        sizes = {path: digest.size for path, digest in files.items()}
        target = self.job.output.child("model")
        if files:
            self.storage.upload(model, target, sizes, "model")
        done = self.job.output.child(record.NAME)
        file = os.path.join(self.layout.scratch, record.NAME)
        content = record.compose(self.job, started, _now(), files, figures)
        with open(file, "w", encoding="utf-8") as out:
            json.dump(content, out, ensure_ascii=False, indent=2)
        self.storage.put(file, done, "completion record")
        self.log.say(
            "complete: {} files, {} bytes in {}".format(
                len(files), sum(sizes.values()), target.address
            )
        )
        return bool(files)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
