"""Trainings that never end, and several instances of which one ends too early."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.checkout import Checkout
from tests.support.cluster import until

pytestmark = pytest.mark.e2e

NAME = "ends"
SPEC = f"stacks/{NAME}.yaml"
BUCKETS = "obs://objects.easymaker.localhost"
CODE = f"{BUCKETS}/examples/{NAME}"
SECONDS = 240
SCRIPT = """
import os, pathlib, signal, sys, time
case, index = os.environ["EM_HP_CASE"], os.environ["JOB_COMPLETION_INDEX"]
step = pathlib.Path(os.environ["EM_CHECKPOINT_DIR"], "step")
begin = step.read_text() if step.exists() else "0"
def end(*_):
    step.write_text("7")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("begins at", begin, flush=True)
for name in ("EM_MODEL_DIR", "EM_TENSORBOARD_LOG_DIR"):
    pathlib.Path(os.environ[name], "of").write_text(index)
if case == "fails" and index == "1":
    raise ValueError("no luck")
if case == "early" and index == "1" or case == "begins-anew" and begin == "7":
    sys.exit(0)
while not (case == "early" and os.path.exists("/tmp/go")):
    time.sleep(0.1)
"""
TEXT = f"""\
api_version: easymaker/v1
kind: Workspace
workspace: {NAME}
include: [platform/local.yaml]
platform: {{limits: {{max_time: {{min: 1s}}}}}}
experiments: {{{NAME}: {{}}}}
trainings:
  endless:
    experiment: {NAME}
    algorithm: {{path: "{CODE}", entry_point: train.py}}
    hyperparameters: {{case: endless}}
    image: sklearn-cpu
    flavor: m2.c1m2
    output_data: {BUCKETS}/results/{NAME}
    checkpoint: {BUCKETS}/checkpoints/{NAME}
    max_time: 5s
  shortened: {{copy: endless, max_time: 1h}}
  fails: {{copy: endless, hyperparameters: {{case: fails}}, instances: 2, max_time: 1h}}
  early: {{copy: fails, hyperparameters: {{case: early}}}}
  begins-anew: {{copy: fails, hyperparameters: {{case: begins-anew}}}}
"""


@dataclass
class Lab:
    """The stack, and its trainings as the cluster has them."""

    checkout: Checkout
    pulumi: Callable[..., str]

    def run(self, training: str) -> str:
        """Name of its folder in the storage."""
        prefix = f"training-{training}-"
        (job,) = (name for name in self.checkout.jobs(NAME) if name.startswith(prefix))
        return job.removeprefix("training-")

    def pods(self, training: str, index: int) -> list[Any]:
        """Those of an instance, oldest first."""
        job = f"batch.kubernetes.io/job-name=training-{self.run(training)}"
        selector = f"{job},batch.kubernetes.io/job-completion-index={index}"
        items = self.checkout.cluster.get("pods", "-n", NAME, "-l", selector)["items"]
        return sorted(items, key=lambda item: str(item["metadata"]["creationTimestamp"]))

    def log(self, training: str, index: int) -> str:
        """Of the last attempt, as far as there is any."""
        pods = self.pods(training, index)
        if not pods or pods[-1]["status"]["phase"] == "Pending":
            return ""
        return self.checkout.cluster.kubectl("-n", NAME, "logs", pods[-1]["metadata"]["name"])

    def await_log(self, training: str, index: int, text: str) -> None:
        until(lambda: text in self.log(training, index), f"{text!r} of {training} {index}", SECONDS)

    def wait(self, training: str, condition: str) -> None:
        job = f"job/training-{self.run(training)}"
        self.checkout.cluster.wait("-n", NAME, job, f"--for=condition={condition}", seconds=SECONDS)

    def status(self, training: str) -> tuple[str, str]:
        """Word and cause."""
        done = self.checkout.emctl("status", SPEC, f"training/{training}", "--json")
        (found,) = json.loads(done.stdout)["resources"]
        return found["status"], found["cause"]

    def codes(self, training: str, index: int) -> list[int]:
        return [
            pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"]
            for pod in self.pods(training, index)
        ]

    def files(self, bucket: str, training: str) -> dict[str, str]:
        """What is kept of a run, by path."""
        place = f"{BUCKETS}/{bucket}/{self.run(training)}"
        found = self.checkout.listing(place)
        return {path: self.checkout.object(f"{place}/{path}").decode() for path in found}


@pytest.fixture(name="lab", scope="module")
def _lab(checkout: Checkout) -> Iterator[Lab]:
    (checkout.folder / SPEC).write_text(TEXT)
    for bucket in ("results", "checkpoints", "system"):
        checkout.put(f"{BUCKETS}/{bucket}/keep", "")
    checkout.put(f"{CODE}/train.py", SCRIPT)
    lab = Lab(checkout, checkout.plain_stack(NAME, SPEC))
    try:
        lab.pulumi("up", "--yes", "--skip-preview")
        # Long before the others are looked at: the kubelet takes its time to tell the pod.
        lab.await_log("shortened", 0, "begins at 0")
        checkout.change("max_time: 1h}\n  fails", "max_time: 2s}\n  fails", SPEC)
        lab.pulumi("up", "--yes", "--skip-preview")
        yield lab
    finally:
        lab.pulumi("destroy", "--yes", "--skip-preview")
        lab.pulumi("stack", "rm", "--yes")


def test_one_that_begins_anew_takes_the_other_along(lab: Lab) -> None:
    """From the checkpoint that instance 0 kept as its pod was deleted."""
    for index in (0, 1):
        lab.await_log("begins-anew", index, "begins at 0")
    (pod,) = lab.pods("begins-anew", 0)
    lab.checkout.cluster.kubectl(
        "-n", NAME, "delete", "pod", pod["metadata"]["name"], "--wait=false"
    )
    lab.wait("begins-anew", "Complete")
    for index in (0, 1):
        assert "begins at 7" in lab.log("begins-anew", index)
    assert lab.codes("begins-anew", 1) == [231, 0]


def test_endless_script_ends_at_max_time(lab: Lab) -> None:
    lab.wait("endless", "Failed")
    assert lab.status("endless") == ("FAIL TRAIN", "max_time of 5s is over")
    assert lab.codes("endless", 0) == [230]
    assert json.loads(lab.files(f"results/{NAME}", "endless")["run-time.json"])["seconds"] >= 5


def test_error_of_one_instance_is_the_trainings(lab: Lab) -> None:
    lab.wait("fails", "Failed")
    sentence = "instance 1: train.py exited with code 1: ValueError: no luck"
    assert lab.status("fails") == ("FAIL TRAIN", sentence)
    assert lab.codes("fails", 1) == [1]
    assert len(lab.pods("fails", 0)) <= 1, "it began anew, though the training had failed"


def test_one_that_ends_early_and_well_stays_to_the_end(lab: Lab) -> None:
    lab.await_log("early", 1, "done here; instance 0 keeps the model")
    (pod,) = lab.pods("early", 0)
    command = ("exec", pod["metadata"]["name"], "-c", "main", "--", "touch", "/tmp/go")
    lab.checkout.cluster.kubectl("-n", NAME, *command)
    lab.wait("early", "Complete")
    assert (lab.codes("early", 0), lab.codes("early", 1)) == ([0], [0])
    kept = lab.files(f"results/{NAME}", "early")
    assert kept.keys() >= {"model/of", "completion.json"}
    assert kept["model/of"] == "0"
    assert "complete: " in lab.log("early", 0)
    assert "complete: " not in lab.log("early", 1)
    events = lab.files(f"system/{NAME}/tensorboard/{NAME}", "early")
    assert events == {"0/of": "0", "1/of": "1"}


def test_shortened_max_time_reaches_a_run_that_goes_on(lab: Lab) -> None:
    lab.wait("shortened", "Failed")
    assert lab.status("shortened") == ("FAIL TRAIN", "max_time of 2s is over")
    assert lab.codes("shortened", 0) == [230]
    kept = lab.files(f"checkpoints/{NAME}", "shortened")
    assert [text for path, text in kept.items() if path.endswith("/step")] == ["7"]
