"""The run, step by step."""

import json
import os
import time
import traceback
from typing import Dict, List, Optional

from launcher import distributed, environment, inputs, packages, record
from launcher import job as jobs
from launcher.archive import Archive, Aside
from launcher.causes import (
    KILLED,
    LAUNCHER_FAILED,
    NO_ENTRY_POINT,
    NO_MODEL,
    Ended,
    upload,
)
from launcher.checkpoints import Checkpoints
from launcher.generations import Folder
from launcher.job import Job
from launcher.layout import Inputs, Layout
from launcher.logs import Log
from launcher.memory import Memory
from launcher.processes import Supervisor
from launcher.runtime import RunTime
from launcher.script import Argv, Script, Start
from launcher.settings import Settings
from launcher.storage import Storage
from launcher.sync import Syncs
from launcher.together import Together

TERMINATION_LOG = "/dev/termination-log"
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

    def start(self) -> "tuple[int, str]":
        """Exit code, and the sentence that explains it if all is not well. Raises Ended."""
        if self._is_complete(self.storage):
            address = self.job.output.child(record.NAME).address
            self.log.say("already complete: {} is there, nothing to do".format(address))
            return 0, ""
        self.together = Together(self.job, self.index, self.supervisor, self.log)
        try:
            self._count()
            return self._attempt()
        except Ended as ended:
            self.together.stopping(ended)
            raise
        finally:
            self.run_time.finish()
            self.syncs.finish()
            self.together.close()

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
        argv, starts = self._command(found)
        with self.run_time.left_out():
            self.together.begin()
        # Not before: until all are here, instance 0 of the last attempt may still keep one.
        kept = self._checkpoints(aside)
        self.syncs.start(self.job, self.index, self.layout, aside, kept)
        script = Script(self.job, self.layout, self.supervisor, self.log, self.memory)
        try:
            code, sentence = script.run(argv, starts, self._script_ended)
        finally:
            self.syncs.finish()
        self.supervisor.check_stop()
        if code != 0:
            self.together.check_failure()
            return code, sentence
        has_model = True
        if self.index == 0:
            with upload(self.job.entry_point):
                has_model = self._keep(started)
            self.run_time.forget(aside)
        else:
            self._await_first()
        self.together.done()
        if not has_model:
            return NO_MODEL.code, NO_MODEL.sentence
        return 0, ""

    def _script_ended(self, code: int, sentence: str) -> None:
        self.together.script_ended(code, sentence)
        is_done = code == 0 and not self.supervisor.is_stopping
        self.supervisor.finishing = is_done and self.index == 0

    def _await_first(self) -> None:
        """Until instance 0 has kept the model. Raises Ended if that is lost before."""
        try:
            self.together.await_first()
        except Ended:
            # It may have been killed between its record and its word.
            if not self._is_complete(self.storage.by(self.syncs)):
                raise

    def _is_complete(self, storage: Storage) -> bool:
        done = self.job.output.child(record.NAME)
        return record.is_own(storage.read(done, "output data"), self.job)

    def _checkpoints(self, aside: Storage) -> Optional[Checkpoints]:
        """What an earlier attempt kept is restored; None where this instance keeps none."""
        place = self.job.checkpoint
        if place is None:
            return None
        kept = Checkpoints(self.job, Folder(aside, place, "checkpoint"), self.layout, self.log)
        kept.restore(self.storage)
        return kept if self.index == 0 else None

    def _command(self, found: Inputs) -> "tuple[Argv, List[Start]]":
        """The script's arguments and processes; its packages get installed for that."""
        job, layout = self.job, self.layout
        entry_point = os.path.join(layout.source, job.entry_point)
        if not os.path.isfile(entry_point):
            raise Ended(NO_ENTRY_POINT, entry_point=job.entry_point, address=job.code.address)

        ours = environment.variables(job, layout, found)

        def env(bin_directory: str, more: Dict[str, str]) -> "Dict[bytes, bytes]":
            return environment.of_script({**more, **ours}, layout, os.environb, bin_directory)

        bare = env("", {})
        python = packages.interpreter(job.entry_point, layout, self.supervisor, self.log, bare)
        in_venv = python.startswith(layout.venv + os.sep)
        argv: Argv = [python, entry_point]
        argv += [environment.encoded(arg) for arg in environment.arguments(job.hyperparameters)]
        bin_directory = os.path.dirname(python) if in_venv else ""
        processes = distributed.processes(job, self.index)
        return argv, [Start(env(bin_directory, more), label) for label, more in processes]

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
