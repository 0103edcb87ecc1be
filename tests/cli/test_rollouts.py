"""What the program hears of its stages, from a cluster that is scripted."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli import api as apis
from cli import rollouts
from cli.rollouts import Rollouts
from live import Context
from schemas import resolved
from tests.cli.statuses.common import deployment
from tests.support import live_objects as o
from tests.support import workspaces
from tests.support.api_server import ApiServer
from tools.errors import ToolError

STAGE = ("stage", "blue")
OF = {"easymaker.io/endpoint": "iris"}


def rollout(replicas: int, updated: int, available: int) -> o.Object:
    counts = {"replicas": replicas, "updatedReplicas": updated, "availableReplicas": available}
    made = deployment(STAGE, "stage-blue-iris", wanted=1, **counts)
    made["metadata"]["labels"] |= OF
    made["spec"]["selector"]["matchLabels"] |= OF
    return made


def pod(name: str, version: str, container: o.Object, ready: bool = False) -> o.Object:
    labels = {**OF, "pod-template-hash": version, "easymaker.io/revision": f"{version}-revision"}
    made = {"creationTimestamp": o.LATER if version == "new" else o.MADE}
    conditions = (o.condition("Ready", ready),)
    return o.pod(name, STAGE, container, labels=labels, metadata=made, conditions=conditions)


READY = o.container("server", o.running(), ready=True)
OLD = pod("a", "old", READY, ready=True)
NEW = pod("b", "new", READY, ready=True)
LOADING = pod("b", "new", o.container("server", o.running(o.LATER)))
CRASHED = o.container(
    "server", o.waiting("CrashLoopBackOff"), lastState=o.ended(1, "no model"), restartCount=2
)
WHY = (
    "DEPLOY FAILED: the container server ended with exit code 1: no model; "
    "revision old-revision still serves"
)


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ApiServer) -> resolved.Workspace:
    @contextmanager
    def opened(context: Context) -> Iterator[apis.Api]:
        assert context == Context("here")
        yield apis.Api(server.path)

    monkeypatch.setattr(rollouts, "api", opened)
    return workspaces.workspace(tmp_path)


@pytest.fixture
def blue(spec: resolved.Workspace) -> resolved.Stage:
    return spec.endpoints["iris"].stages["blue"]


class Gateway:
    """Answers as it is told."""

    def __init__(self, why: str = "") -> None:
        self.why = why
        self.asked: list[tuple[Any, ...]] = []

    def until_ok(self, *asked: Any) -> str:
        self.asked.append(asked)
        return self.why


def through(monkeypatch: pytest.MonkeyPatch, made: Gateway) -> Gateway:
    monkeypatch.setattr(rollouts, "gateway", lambda _: made)
    return made


def test_waits_until_the_pods_before_have_ended(
    spec: resolved.Workspace, blue: resolved.Stage, server: ApiServer
) -> None:
    server.lists |= {"deployments": [rollout(2, 1, 1)], "pods": [OLD, LOADING]}
    told = threading.Event()

    def later() -> None:
        for item in (NEW, o.going(OLD)):
            server.tell("pods", "MODIFIED", item)
        server.tell("deployments", "MODIFIED", rollout(1, 1, 1))
        told.set()
        server.tell("pods", "DELETED", OLD)

    timer = threading.Timer(0.2, later)
    timer.start()
    assert Rollouts(spec).failed([blue]) == []
    assert told.is_set()
    timer.join()


def test_a_pod_that_does_not_end_is_not_waited_for_long(
    spec: resolved.Workspace,
    blue: resolved.Stage,
    server: ApiServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rollouts, "GONE_SECONDS", 0.2)
    server.lists |= {"deployments": [rollout(1, 1, 1)], "pods": [o.going(OLD), NEW]}
    assert Rollouts(spec).failed([blue]) == []


def test_what_fails_for_good_ends_the_wait(
    spec: resolved.Workspace, blue: resolved.Stage, server: ApiServer
) -> None:
    broken = pod("b", "new", CRASHED)
    server.lists |= {"deployments": [rollout(2, 1, 1)], "pods": [OLD, LOADING]}
    threading.Timer(0.2, lambda: server.tell("pods", "MODIFIED", broken)).start()
    assert Rollouts(spec).failed([blue]) == [f"endpoints.iris.stages.blue: {WHY}"]
    server.lists["pods"] = [OLD, broken]
    assert Rollouts(spec).why_not(blue) == WHY


def test_what_is_not_ready_in_time_is_a_failure(
    spec: resolved.Workspace,
    blue: resolved.Stage,
    server: ApiServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rollouts, "READY_SECONDS", 0.2)
    server.lists |= {"deployments": [rollout(2, 1, 1)], "pods": [OLD, LOADING]}
    assert Rollouts(spec).failed([blue]) == [
        f"endpoints.iris.stages.blue: DEPLOY IN PROGRESS: not in time (loads the model since "
        f"{o.LATER}; revision old-revision still serves)"
    ]


@pytest.mark.parametrize("gpus", [0, 1])
def test_new_deployment_is_waited_for_before_requests_move(
    spec: resolved.Workspace, blue: resolved.Stage, server: ApiServer, gpus: int
) -> None:
    """Also on GPUs: whoever applies is the only one to move them."""
    blue = replace(blue, flavor=replace(blue.flavor, gpu_count=gpus))
    server.lists |= {"deployments": [rollout(1, 1, 0)], "pods": [OLD, LOADING]}
    told = threading.Event()

    def later() -> None:
        told.set()
        server.tell("deployments", "MODIFIED", rollout(1, 1, 1))
        server.tell("pods", "DELETED", OLD)

    threading.Timer(0.2, later).start()
    assert Rollouts(spec).not_ready(blue, "stage-blue-iris") == ""
    assert told.is_set()


def test_new_deployment_that_can_not_become_ready_says_why(
    spec: resolved.Workspace,
    blue: resolved.Stage,
    server: ApiServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.lists |= {
        "deployments": [rollout(1, 1, 0)],
        "pods": [OLD, pod("b", "new", CRASHED)],
    }
    assert Rollouts(spec).not_ready(blue, "stage-blue-iris") == WHY
    monkeypatch.setattr(rollouts, "READY_SECONDS", 0.2)
    said = "DEPLOY IN PROGRESS: not in time"
    assert Rollouts(spec).not_ready(blue, "stage-blue-iris-none") == said


def test_gpus_are_not_waited_for(spec: resolved.Workspace, blue: resolved.Stage) -> None:
    flavor = replace(blue.flavor, gpu_count=1)
    assert Rollouts(spec).failed([replace(blue, flavor=flavor)]) == []


def test_a_stage_must_serve_through_the_gateway(
    spec: resolved.Workspace,
    blue: resolved.Stage,
    server: ApiServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.lists |= {"deployments": [rollout(1, 1, 1)], "pods": [NEW]}
    made = through(monkeypatch, Gateway())
    assert Rollouts(spec).why_not(blue) == ""
    ((host, path, _),) = made.asked
    assert (host, path) == (blue.host, "/v2/health/ready")
    through(monkeypatch, Gateway("it answers 503"))
    assert Rollouts(spec).why_not(blue) == "it answers 503"


def test_a_stage_without_pods_is_not_waited_for(
    spec: resolved.Workspace,
    blue: resolved.Stage,
    server: ApiServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = through(monkeypatch, Gateway())
    server.lists["httproutes"] = [
        o.route("stage-blue-iris", STAGE, *o.accepted(), labels=OF, document={"model": "m"})
    ]
    assert Rollouts(spec).why_not(blue) == "CREATE IN PROGRESS: waits for the model m"
    assert made.asked == []


def test_a_cluster_that_can_not_be_read_is_a_reason(
    spec: resolved.Workspace, blue: resolved.Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened(context: Context) -> Iterator[apis.Api]:
        raise ToolError("the cluster can't be read: no")
        yield

    monkeypatch.setattr(rollouts, "api", opened)
    said = "DEPLOY IN PROGRESS: the cluster can't be read: no"
    assert Rollouts(spec).why_not(blue) == said
    assert Rollouts(spec).failed([blue]) == [f"endpoints.iris.stages.blue: {said}"]
