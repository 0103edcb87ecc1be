"""A training whose launcher, script, pod or node's containerd dies ends with the same model."""

import hashlib
import json
import os
import re
import select
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import Checkout
from tests.support.cluster import until

pytestmark = pytest.mark.e2e

NAME = "kills"
SPEC = f"stacks/{NAME}.yaml"
BUCKETS = "obs://objects.easymaker.localhost"
CODE = f"{BUCKETS}/examples/{NAME}"
SECONDS = 180
STEPS, HOLD, KEPT_EVERY = 60, 32, 5
# A state that each step advances. It goes on by itself but for one place: so that it is alive when
# it is killed, however slow the machine.
SCRIPT = """
import hashlib, os, pathlib, time
steps, hold, every = (int(os.environ["EM_HP_" + key]) for key in ("STEPS", "HOLD", "EVERY"))
kept = pathlib.Path(os.environ["EM_CHECKPOINT_DIR"], "state")
begin, state = 0, hashlib.sha256(b"seed").hexdigest()
if kept.exists():
    text, state = kept.read_text().split()
    begin = int(text)
print("begins at", begin, flush=True)
for step in range(begin, steps):
    while not begin and step == hold and not os.path.exists("/tmp/go"):
        time.sleep(0.1)
    state = hashlib.sha256(f"{state} {step}".encode()).hexdigest()
    if (step + 1) % every == 0:
        new = kept.with_name("new")
        new.write_text(f"{step + 1} {state}")
        new.replace(kept)
    time.sleep(0.05)
pathlib.Path(os.environ["EM_MODEL_DIR"], "state").write_text(state)
"""
KILLED = ("launcher", "script", "pod", "containerd", "stopped")
TEXT = f"""\
api_version: easymaker/v1
kind: Workspace
workspace: {NAME}
include: [platform/local.yaml]
experiments: {{{NAME}: {{}}}}
trainings:
  undisturbed:
    experiment: {NAME}
    algorithm: {{path: "{CODE}", entry_point: train.py}}
    hyperparameters: {{steps: {STEPS}, hold: -1, every: {KEPT_EVERY}}}
    image: sklearn-cpu
    flavor: m2.c1m2
    output_data: {BUCKETS}/results/{NAME}
    checkpoint: {BUCKETS}/checkpoints/{NAME}
    checkpoint_interval: 10s
    max_time: 1h
""" + "".join(
    f"  {name}: {{copy: undisturbed, hyperparameters: {{hold: {HOLD}}}}}\n" for name in KILLED
)


def model() -> str:
    """What the script must come to."""
    state = hashlib.sha256(b"seed").hexdigest()
    for step in range(STEPS):
        state = hashlib.sha256(f"{state} {step}".encode()).hexdigest()
    return state


@dataclass
class Lab:
    """The stack, and its trainings as the cluster has them."""

    checkout: Checkout
    pulumi: Callable[..., str]

    def job(self, training: str) -> str:
        """The name of its only Job."""
        (found,) = (n for n in self.checkout.jobs(NAME) if n.startswith(f"training-{training}-"))
        return found

    def run(self, training: str) -> str:
        """Name of its folder in the storage."""
        return self.job(training).removeprefix("training-")

    def pods(self, training: str) -> list[Any]:
        """All that the cluster knows, oldest first."""
        selector = ("-l", f"job-name={self.job(training)}")
        items = self.checkout.cluster.get("pods", "-n", NAME, *selector)["items"]
        return sorted(items, key=lambda item: str(item["metadata"]["creationTimestamp"]))

    def wait(self, training: str, condition: str) -> None:
        job = f"job/{self.job(training)}"
        self.checkout.cluster.wait("-n", NAME, job, f"--for={condition}", seconds=SECONDS)

    def has_checkpoint(self, training: str) -> bool:
        """Whether a generation is closed."""
        found = self.checkout.listing(f"{BUCKETS}/checkpoints/{NAME}")
        folder = f"{self.run(training)}/"
        return any(path.startswith(folder) and path.endswith(".json") for path in found)

    def record(self, training: str) -> dict[str, Any]:
        return self.checkout.record(f"{BUCKETS}/results/{NAME}/{self.run(training)}")

    def log(self, training: str) -> str:
        """Of the pod that came to the end."""
        (pod,) = (p for p in self.pods(training) if p["status"]["phase"] == "Succeeded")
        return self.checkout.cluster.kubectl("-n", NAME, "logs", pod["metadata"]["name"])

    def kill(self, training: str, word: bytes) -> None:
        """SIGKILL for the process of its running pod whose command line holds a word."""
        (pod,) = self.pods(training)
        (pid,) = (pid for pid in processes(pod["metadata"]["uid"]) if word in read(pid, "cmdline"))
        end(pid)


def processes(pod: str) -> list[int]:
    """Of a pod, by its UID, as the host knows them."""
    entries = (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in map(int, entries) if pod.encode() in read(pid, "cgroup")]


def read(pid: int, file: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def end(pid: int) -> None:
    """Kill a process and wait until it is gone."""
    handle = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        select.select([handle], [], [], 30)
    finally:
        os.close(handle)


@pytest.fixture(name="lab", scope="module")
def _lab(checkout: Checkout) -> Iterator[Lab]:
    """All trainings hold where they shall be killed, a checkpoint of each is kept."""
    (checkout.folder / SPEC).write_text(TEXT)
    for bucket in ("results", "checkpoints", "system"):
        checkout.put(f"{BUCKETS}/{bucket}/keep", "")
    checkout.put(f"{CODE}/train.py", SCRIPT)
    lab = Lab(checkout, checkout.plain_stack(NAME, SPEC))
    try:
        lab.pulumi("up", "--yes", "--skip-preview")
        for name in KILLED:
            until(partial(lab.has_checkpoint, name), f"checkpoint of {name}", SECONDS)
        yield lab
    finally:
        # Nobody need wait until all of it is gone.
        checkout.cluster.kubectl("delete", "namespace", NAME, "--wait=false", "--ignore-not-found")
        lab.pulumi("stack", "rm", "--yes", "--force")


@pytest.fixture(name="killed", scope="module")
def _killed(lab: Lab) -> Lab:
    """Each has died its way, side by side, and all are complete."""
    cluster = lab.checkout.cluster
    before = {name: lab.pods(name)[0]["metadata"]["uid"] for name in KILLED}
    end(json.loads(cluster.emctl("status", "--json").stdout)["processes"]["containerd"])
    repaired = cluster.emctl("up")
    assert repaired.returncode == 0, repaired.stderr
    assert {name: lab.pods(name)[0]["metadata"]["uid"] for name in KILLED} == before
    lab.kill("launcher", b"/opt/easymaker/launcher")
    lab.kill("script", b"train.py")
    (pod,) = lab.pods("pod")
    cluster.kubectl("-n", NAME, "delete", "pod", pod["metadata"]["name"], "--wait=false")
    job = f"job/{lab.job('containerd')}"
    cluster.kubectl("-n", NAME, "exec", job, "-c", "main", "--", "touch", "/tmp/go")
    stopped = "  stopped: {copy: undisturbed, "
    lab.checkout.change(stopped, stopped + "state: stopped, ", SPEC)
    lab.pulumi("up", "--yes", "--skip-preview")
    lab.wait("stopped", "condition=Suspended")
    until(lambda: not lab.pods("stopped"), "the end of the stopped one", SECONDS)
    lab.checkout.change("state: stopped, ", "", SPEC)
    lab.pulumi("up", "--yes", "--skip-preview")
    for name in ("undisturbed", *KILLED):
        lab.wait(name, "condition=Complete")
    return lab


@pytest.mark.parametrize("training", ["undisturbed", *KILLED])
def test_model_is_that_of_an_undisturbed_run(killed: Lab, training: str) -> None:
    content = model().encode()
    assert killed.record(training)["files"] == {
        "model/state": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    }


@pytest.mark.parametrize(
    ("training", "code"), [("launcher", 137), ("script", 137), ("pod", None), ("stopped", None)]
)
def test_it_went_on_from_its_checkpoint(killed: Lab, training: str, code: int | None) -> None:
    log = killed.log(training)
    assert "going on from checkpoint " in log
    begin = re.search(r"begins at (\d+)", log)
    assert begin
    assert int(begin[1]) in range(KEPT_EVERY, HOLD, KEPT_EVERY)
    ended = [
        pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"]
        for pod in killed.pods(training)
    ]
    assert ended == ([0] if code is None else [code, 0])


def test_containers_outlive_containerd(killed: Lab) -> None:
    assert len(killed.pods("containerd")) == 1
    assert "begins at 0" in killed.log("containerd")


def test_applying_again_runs_nothing(killed: Lab) -> None:
    before = {pod["metadata"]["uid"] for name in KILLED for pod in killed.pods(name)}
    assert " unchanged" in killed.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert {pod["metadata"]["uid"] for name in KILLED for pod in killed.pods(name)} == before


def test_a_job_deleted_by_hand_trains_nothing_again(killed: Lab) -> None:
    before = killed.record("script")
    job = killed.job("script")
    killed.checkout.cluster.kubectl("-n", NAME, "delete", "job", job, "--wait=true")
    killed.pulumi("up", "--yes", "--refresh", "--skip-preview")
    assert killed.job("script") == job
    killed.wait("script", "condition=Complete")
    log = killed.log("script")
    assert "already complete" in log
    assert "begins at" not in log
    assert killed.record("script") == before
