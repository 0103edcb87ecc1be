"""States of Jobs and pods in the console's words, and the stream they come from."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cli import watch


def job(*conditions: str, **fields: Any) -> dict[str, Any]:
    status = {"conditions": [{"type": c, "status": "True"} for c in conditions]}
    return {"spec": fields.pop("spec", {}), "status": {**status, **fields}}


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (job(), ""),
        (job(active=1, ready=0), ""),
        (job(active=1, ready=1), "RUNNING"),
        (job("FailureTarget"), ""),
        (job("SuccessCriteriaMet", "Complete"), "COMPLETE"),
        (job("FailureTarget", "Failed"), "FAIL TRAIN"),
        (job("Suspended", spec={"suspend": True}), "STOPPED"),
    ],
)
def test_job_in_the_consoles_words(given: dict[str, Any], state: str) -> None:
    assert watch.job_state(given) == state


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, ""),
        ({"containerStatuses": [waiting("PodInitializing")]}, ""),
        ({"containerStatuses": [{"state": {"running": {}}}]}, ""),
        (
            {"initContainerStatuses": [waiting("ErrImagePull", "no such image x")]},
            "CREATE IN PROGRESS: no such image x",
        ),
        (
            {"containerStatuses": [waiting("CreateContainerConfigError")]},
            "CREATE IN PROGRESS: CreateContainerConfigError",
        ),
        (
            {
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "message": "0/1 nodes: no cpu"}
                ]
            },
            "CREATE IN PROGRESS: 0/1 nodes: no cpu",
        ),
    ],
)
def test_pod_says_what_it_waits_for(status: dict[str, Any], state: str) -> None:
    assert watch.pod_state({"status": status}) == state


FAKE = """#!{python}
import json, sys, time
kind = sys.argv[sys.argv.index("get") + 1] if "get" in sys.argv else ""
def show(item):
    print(json.dumps(item, indent=4), flush=True)
if "--watch" in sys.argv:
    for item in json.load(open({events!r}))[kind]:
        show(item)
    time.sleep(60)
elif kind == "pods":
    show({{"items": json.load(open({events!r}))["last"]}})
"""


def named(name: str, kind: str, **item: Any) -> dict[str, Any]:
    labels = {"batch.kubernetes.io/job-name": name} if kind == "Pod" else {}
    return {**item, "kind": kind, "metadata": {"name": name, "labels": labels}}


def test_waits_for_all_and_names_why_one_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = {"terminated": {"message": "nothing under obs://x"}}
    events = {
        "jobs": [
            named("training-a-1", "Job", **job(ready=1)),
            named("training-other-1", "Job", **job("Failed")),
            named("training-a-1", "Job", **job("Complete")),
            named("training-b-1", "Job", **job("Failed")),
        ],
        "pods": [],
        "last": [
            {
                "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"},
                "status": {"containerStatuses": [{"name": "main", "state": ended}]},
            }
        ],
    }
    (tmp_path / "events.json").write_text(json.dumps(events))
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(FAKE.format(python=sys.executable, events=str(tmp_path / "events.json")))
    kubectl.chmod(0o755)
    monkeypatch.setattr("live.kubectl", lambda: str(kubectl))
    said: list[str] = []
    failed = watch.Watch("here", "iris").wait(
        {"a": "training-a-1", "b": "training-b-1"}, said.append
    )
    assert failed == {"b": "nothing under obs://x"}
    assert said == ["a: RUNNING", "a: COMPLETE", "b: FAIL TRAIN"]
