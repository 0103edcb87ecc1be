"""The run, step by step."""

import json
import os
import time
import traceback
from typing import Union

from launcher import environment, packages, record
from launcher import job as jobs
from launcher.causes import (
    LAUNCHER_FAILED,
    NO_ENTRY_POINT,
    NOT_STARTED,
    Ended,
    of_script,
)
from launcher.job import Job
from launcher.layout import Layout
from launcher.logs import Log, Pump
from launcher.processes import Supervisor
from launcher.storage import Storage

TERMINATION_LOG = "/dev/termination-log"
_LONGEST_TERMINATION = 4096  # bytes that Kubernetes keeps


def main(home: str, termination_log: str = TERMINATION_LOG) -> int:
    """Run the training whose document lies under `home`; returns the exit code.

    The sentence that explains a failure goes into the log and into the termination message.
    """
    log = Log()
    supervisor = Supervisor()
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
        log.say(sentence, "ERROR")
        _note(termination_log, sentence)
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
        layout.create()
        self.storage = Storage(
            layout.rclone, self.job.stores, supervisor, layout.scratch, os.environb
        )

    def start(self) -> "tuple[int, str]":
        """Exit code, and the sentence that explains it if it is not 0. Raises Ended."""
        done = self.job.output.child(record.NAME)
        if record.is_own(self.storage.read(done, "output data"), self.job):
            self.log.say("already complete: {} is there, nothing to do".format(done.address))
            return 0, ""
        started = _now()
        self._fetch()
        status, last_line = self._script()
        self.supervisor.check_stop()
        if status != 0:
            return of_script(self.job.entry_point, status, last_line)
        self._keep(started)
        return 0, ""

    def _fetch(self) -> None:
        job, layout = self.job, self.layout
        wanted = [(job.code, layout.source, "code")]
        for name, place in job.datasets.items():
            wanted.append((place, layout.dataset(name), "data set " + name))
        if job.checkpoint_input:
            wanted.append((job.checkpoint_input, layout.checkpoint_input, "input checkpoint"))
        for place, directory, what in wanted:
            begin = time.monotonic()
            got = self.storage.fetch(place, directory, what)
            self.log.say(
                "{}: {} files, {} bytes from {} in {:.1f} s".format(
                    what, got.files, got.size, place.address, time.monotonic() - begin
                )
            )

    def _script(self) -> "tuple[int, str]":
        """Run the entry point; its status as subprocess counts it, and its last line."""
        job, layout = self.job, self.layout
        entry_point = os.path.join(layout.source, job.entry_point)
        if not os.path.isfile(entry_point):
            raise Ended(NO_ENTRY_POINT, entry_point=job.entry_point, address=job.code.address)
        plain = environment.of_script(job, layout, os.environb, "")
        python = packages.interpreter(job.entry_point, layout, self.supervisor, self.log, plain)
        in_venv = python.startswith(layout.venv + os.sep)
        bin_directory = os.path.dirname(python) if in_venv else ""
        env = environment.of_script(job, layout, os.environb, bin_directory)
        argv: "list[Union[str, bytes]]" = [python, entry_point]
        argv += [environment.encoded(arg) for arg in environment.arguments(job.hyperparameters)]
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

    def _keep(self, started: str) -> None:
        """Upload the model, then the record."""
        model = self.layout.model
        files = record.digests(model)
        figures = record.metrics(model, self.log)
        if not files:
            self.log.say("EM_MODEL_DIR is empty: there is no model to keep", "WARNING")
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


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
