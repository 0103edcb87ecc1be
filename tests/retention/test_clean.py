"""What is deleted of a workspace, and that statuses say the same afterwards."""

import copy
import datetime
import json
import urllib.error
from email.message import Message
from typing import Any

import pytest
from retention import clean

from cli.statuses import training
from cli.statuses.objects import Objects
from components.manifests import retention
from tests.cli.statuses import of_training
from tests.support import live_objects as o

NOW = datetime.datetime(2026, 1, 8, tzinfo=datetime.UTC)
WEEK = 7 * 24 * 3600
ENDED = [
    case
    for case in of_training.TRAINING
    if any(
        condition["type"] in ("Failed", "Complete") and condition["status"] == "True"
        for item in case[0]
        if item["kind"] == "Job"
        for condition in item["status"]["conditions"]
    )
    and not any(item["kind"] == "Event" for item in case[0])
]


def job(name: str, condition: str = "Complete", at: str = "2026-01-01T00:00:00Z") -> o.Object:
    held = o.condition(condition)
    held["lastTransitionTime"] = at
    return o.thing("Job", name, ("training", "iris"), status={"conditions": [held]}, document={})


def pod(name: str, of: str, state: o.Object, phase: str = "Failed") -> o.Object:
    labels = {clean.JOB: of}
    container = o.container("main", state)
    return o.pod(name, ("training", "iris"), container, phase=phase, labels=labels)


class Api:
    """An API server in memory, of which nothing else is asked."""

    def __init__(self, *objects: o.Object, data: dict[str, str] | None = None) -> None:
        self.objects = list(objects)
        self.data = dict(data or {})
        self.did: list[str] = []
        self.refuses: str | None = None

    def of_trainings(self, group: str, plural: str) -> list[o.Object]:
        assert (group, plural) in (("apis/batch/v1", "jobs"), ("api/v1", "pods"))
        kind = {"jobs": "Job", "pods": "Pod"}[plural]
        return [item for item in self.objects if item["kind"] == kind]

    def call(self, method: str, group: str, path: str, body: Any = None) -> o.Object:
        assert group == "api/v1"
        if method != "GET":
            self.did.append(f"{method} {path}")
        if method == self.refuses:
            raise urllib.error.HTTPError(path, 403, "Forbidden", Message(), None)
        if method == "PATCH":
            for key, value in body["data"].items():
                if value is None:
                    del self.data[key]
                else:
                    self.data[key] = value
        elif method == "DELETE":
            (gone,) = [item for item in self.objects if f"pods/{item['metadata']['name']}" == path]
            assert body == {"preconditions": {"uid": gone["metadata"]["uid"]}}
            self.objects.remove(gone)
        else:
            assert path == "configmaps/ended-pods"
        return {"data": self.data} if self.data else {}

    @property
    def pods(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.of_trainings("api/v1", "pods")]


def run(api: Api, seconds: int = WEEK) -> int:
    return clean.clean(api, seconds, NOW)  # type: ignore[arg-type]


def test_the_names_are_those_of_the_manifests() -> None:
    assert clean.KEPT == retention.KEPT


def test_pods_of_what_ended_long_ago_go_and_no_others() -> None:
    api = Api(
        job("old"),
        job("failed", "Failed"),
        job("fresh", at="2026-01-01T00:00:01Z"),
        job("running", "Suspended"),
        pod("old-0", "old", o.ended(0), "Succeeded"),
        pod("old-1", "old", o.running(), "Running"),
        pod("failed-0", "failed", o.ended(3, "no")),
        pod("fresh-0", "fresh", o.ended(0), "Succeeded"),
        pod("running-0", "running", o.ended(214, "no")),
        pod("nobodys", "", o.ended(1)),
    )
    assert run(api) == 2
    assert api.pods == ["old-1", "fresh-0", "running-0", "nobodys"]
    assert len(api.of_trainings("apis/batch/v1", "jobs")) == 4
    assert list(api.data) == ["failed"]
    assert run(api) == 0


def test_what_can_not_be_kept_is_not_deleted() -> None:
    api = Api(job("failed", "Failed"), pod("failed-0", "failed", o.ended(3, "no")))
    api.refuses = "PATCH"
    with pytest.raises(urllib.error.HTTPError):
        run(api)
    assert api.pods == ["failed-0"]


def test_what_is_kept_goes_with_its_job() -> None:
    api = Api(job("there"), data={"there": "[]", "gone": "[]"})
    run(api)
    assert api.data == {"there": "[]"}


@pytest.mark.parametrize(("given", "word", "cause"), ENDED)
def test_a_status_says_the_same_when_the_pods_are_gone(
    given: list[o.Object], word: str, cause: str
) -> None:
    api = Api(*copy.deepcopy(given))
    run(api, seconds=0)
    kept = {"kind": "ConfigMap", "metadata": {"name": retention.KEPT}, "data": api.data}
    assert [
        item for item in api.of_trainings("api/v1", "pods") if item["status"]["phase"] != "Running"
    ] == []
    status = training.status(Objects([*api.objects, kept]), "iris")
    assert (status.word, status.cause) == (word, cause)


def test_there_are_such_statuses() -> None:
    assert len(ENDED) > 8


def test_little_is_kept_of_many_attempts() -> None:
    words = "train.py exited with code 1: " + "x" * 4000
    pods = [pod(f"p-{i}", "j", o.ended(i % 3 + 1, words, at=f"{i:03d}")) for i in range(400)]
    for item in pods:
        item["metadata"]["annotations"]["easymaker.io/job"] = "x" * 10_000
    kept = clean.remembered(pods)
    assert {item["metadata"]["name"] for item in kept} == {
        *("p-0", "p-1", "p-2"),
        *("p-397", "p-398", "p-399"),
    }
    assert len(json.dumps(kept)) < 10_000
