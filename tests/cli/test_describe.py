"""`emctl describe`: everything about one resource, for people and machines."""

import json

import pytest

from tests.cli.conftest import Command
from tests.support import live_objects as o
from tests.support.api_server import ApiServer
from tools.errors import ToolError

FIT = ("training", "fit")
REVISION = "0123456789"
JOB = f"training-fit-{REVISION}"
DOCUMENT = {
    "experiment": "iris",
    "algorithm": {"path": "obs://objects.ml.test/code/fit", "entry_point": "train.py"},
    "hyperparameters": {"rate": 0.10},
    "output_data": "obs://objects.ml.test/before",
    "checkpoint": "obs://objects.ml.test/checkpoints/",
}


def event(about: o.Object, reason: str, message: str, last: str, count: int = 1) -> o.Object:
    """A warning as the API server lists it; the object may be gone."""
    made = o.warning(about, reason, message, count)
    name = about["metadata"]["name"]
    made["metadata"]["name"] = f"{name}.{reason}.{last}"
    made["involvedObject"] |= {"kind": about["kind"], "name": name}
    return {**made, "lastTimestamp": last}


@pytest.fixture
def live(server: ApiServer) -> None:
    """A training whose revision of before failed, and warnings about it and others."""
    job = o.thing(
        "Job",
        JOB,
        FIT,
        spec={"completions": 1, "parallelism": 1},
        status={"conditions": [o.condition("Failed")]},
        labels={"easymaker.io/revision": REVISION},
        document=DOCUMENT,
    )
    job["metadata"]["annotations"]["easymaker.io/spec"] = json.dumps(DOCUMENT).replace(
        '"rate": 0.1', '"rate": 0.10'
    )
    failed = o.container("main", o.ended(3, "train.py exited with code 3: ValueError: no"))
    in_job = {"batch.kubernetes.io/job-name": JOB}
    pod = o.pod(f"{JOB}-0-x5kbz", FIT, failed, phase="Failed", labels=in_job)
    gone = o.pod(f"{JOB}-0-bcdfg", FIT)
    other = o.pod(f"{JOB}-more-0-bcdfg", FIT)
    server.lists |= {
        "jobs": [job],
        "pods": [pod],
        "events": [
            event(pod, "FailedMount", "no such\n volume", "2026-01-01T00:03:00Z", 4),
            event(gone, "FailedMount", "no such volume", "2026-01-01T00:01:00Z"),
            event(gone, "Evicted", f"{JOB}-0-bcdfg was in the way", "2026-01-01T00:04:00.25Z"),
            event(other, "Evicted", "of another training", "2026-01-01T00:04:00Z"),
            event(job, "BackoffLimitExceeded", "too often", "2026-01-01T00:02:00Z"),
        ],
    }


TEXT = """\
training/fit
  status:      FAIL TRAIN: train.py exited with code 3: ValueError: no
  since:       2026-01-01T00:05:00Z
  revision:    0123456789 (the spec is {declared} now, which is not applied)
  object:      Job training-fit-0123456789
  output:      obs://objects.ml.test/before/fit-0123456789
  model:       obs://objects.ml.test/before/fit-0123456789/model
  checkpoints: obs://objects.ml.test/checkpoints/fit-0123456789
  event files: obs://objects.ml.test/system/lab/tensorboard/iris/fit-0123456789
  archive:     obs://objects.ml.test/system/lab/logs/fit/0123456789
  log:         emctl logs {spec} training/fit
spec as applied:
  experiment: iris
  algorithm:
    path: obs://objects.ml.test/code/fit
    entry_point: train.py
  hyperparameters:
    rate: 0.10
  output_data: obs://objects.ml.test/before
  checkpoint: obs://objects.ml.test/checkpoints/
warnings:
  2026-01-01T00:04:00Z  Evicted  Pod training-fit-0123456789-0-bcdfg: \
training-fit-0123456789-0-bcdfg was in the way
  2026-01-01T00:03:00Z (5 times)  FailedMount  Pod training-fit-0123456789-0-x5kbz: no such volume
  2026-01-01T00:02:00Z  BackoffLimitExceeded  Job training-fit-0123456789: too often
"""


@pytest.mark.usefixtures("live")
def test_text(command: Command) -> None:
    found = json.loads(command("describe", "training/fit", "--json").output)
    done = command("describe", "training/fit")
    spec = found["places"]["log"].split()[2]
    expected = TEXT.format(declared=found["declared_revision"], spec=spec)
    assert (done.exit_code, done.output) == (0, expected)


@pytest.mark.usefixtures("live")
def test_json(command: Command) -> None:
    found = json.loads(command("describe", "training/fit", "--json").output)
    assert found.pop("declared_revision") != REVISION
    assert found.pop("places")["output"] == f"obs://objects.ml.test/before/fit-{REVISION}"
    assert found.pop("warnings")[1] == {
        "last_seen": "2026-01-01T00:03:00Z",
        "times": 5,
        "reason": "FailedMount",
        "about": f"Pod {JOB}-0-x5kbz",
        "message": "no such volume",
    }
    assert found == {
        "workspace": "lab",
        "kind": "training",
        "name": "fit",
        "status": "FAIL TRAIN",
        "cause": "train.py exited with code 3: ValueError: no",
        "since": o.LATER,
        "revision": REVISION,
        "object": f"Job {JOB}",
        "spec": DOCUMENT,
    }


def test_stage_tells_what_it_serves_and_where(command: Command, server: ApiServer) -> None:
    of, labels = ("stage", "blue"), {"easymaker.io/endpoint": "iris"}
    served = {
        "address": "obs://objects.ml.test/results/fit-1/model",
        "revision": "1",
        "model": "fitted",
        "model_name": "m",
        "framework": "sklearn",
        "framework_version": "1.9",
    }
    template = {
        "metadata": {
            "labels": {"easymaker.io/revision": "1"},
            "annotations": {"easymaker.io/served": json.dumps(served)},
        }
    }
    selector = {"matchLabels": {"easymaker.io/kind": "stage", "easymaker.io/name": "blue"}}
    spec = {"replicas": 1, "selector": selector, "template": template}
    deployment = o.thing("Deployment", "stage-blue-iris", of, spec=spec, labels=labels, status={})
    refused = o.thing("ReplicaSet", "stage-blue-iris-5d4f8c7b9d", of)
    others = o.thing("ReplicaSet", "stage-blue-iris-2-5d4f8c7b9d", of)
    document = {"model": "fitted"}
    server.lists |= {
        "deployments": [deployment],
        "httproutes": [
            o.route("stage-blue-iris", of, *o.accepted(), labels=labels, document=document)
        ],
        "events": [
            event(about, "FailedCreate", "quota", "2026-01-01T00:01:00Z")
            for about in (refused, others)
        ],
    }
    found = json.loads(command("describe", "stage/iris/blue", "--json").output)
    assert found["revision"] == "1"
    assert found["api_gateway"]["status"] == "ACTIVE"
    assert found["spec"] == document
    assert found["places"] | {"log": ""} == {
        "model": "obs://objects.ml.test/results/fit-1/model",
        "url": "http://blue-iris.lab.ml.test:8088/inference",
        "log": "",
    }
    assert [w["about"] for w in found["warnings"]] == ["ReplicaSet stage-blue-iris-5d4f8c7b9d"]


@pytest.mark.parametrize(
    "what",
    [
        "training/fit",
        "experiment/iris",
        "model/fitted",
        "endpoint/iris",
        "stage/iris/blue",
        "notebook/explore",
    ],
)
def test_what_is_not_applied_is_described_too(command: Command, what: str) -> None:
    done = command("describe", what)
    lines = done.output.splitlines()
    assert done.exit_code == 0
    assert lines[0] == what
    assert "CREATE REQUESTED: the spec is not applied yet" in lines[1]
    assert "spec as applied:" not in lines


def test_one_resource_is_described(command: Command) -> None:
    done = command("describe", "notebook")
    assert isinstance(done.exception, ToolError)
    assert str(done.exception) == "which notebook? notebook/explore, notebook/train"
