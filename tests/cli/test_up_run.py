"""The course of `emctl up`: applies, waits and calls. Cluster and gateway are scripted, and Pulumi
does what a test says."""

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli import api as apis
from cli import up
from cli.targets import Target
from schemas import resolved
from tests.support import live_objects as o
from tests.support import workspaces
from tests.support.api_server import ApiServer
from tools.errors import ToolError

OF_STAGE = {"easymaker.io/endpoint": "iris"}
EXPERIMENT, TRAINING = Target("experiment", "iris"), Target("training", "fit")
ENDPOINT, STAGE = Target("endpoint", "iris"), Target("stage", "iris/blue")
NOTEBOOK = Target("notebook", "explore")


@dataclass
class Stack:
    """Applies what a test scripts for the first time, the second time …"""

    steps: list[object] = field(default_factory=list)
    applied: int = 0
    name: str = "dev"
    resources: int = 1

    def up(self, refresh: bool) -> bool:
        assert not refresh
        step = self.steps[self.applied]
        self.applied += 1
        assert callable(step)
        return bool(step())


@dataclass
class Gateway:
    """Answers 200 for every host but those that are down."""

    port: int
    asked: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = self.headers["Host"].partition(".")[0]
            made.asked.add(f"{host}{self.path}")
            self.send_response(503 if host in made.down else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Gateway(server.server_port)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture
def spec(tmp_path: Path, gateway: Gateway) -> resolved.Workspace:
    return workspaces.workspace(tmp_path, ("127.0.0.1:8088", f"127.0.0.1:{gateway.port}"))


def run_of(spec: resolved.Workspace, server: ApiServer, stack: Stack) -> up.Run:
    server.lists["lab"] = []  # the namespace is there
    return up.Run(spec, Path("stack.yaml"), stack, apis.Api(server.path), None)  # type: ignore[arg-type]


def job(*conditions: o.Object) -> o.Object:
    return o.thing(
        "Job",
        "training-fit-1",
        ("training", "fit"),
        spec={"parallelism": 2},
        status={"conditions": list(conditions)},
        document={},
    )


def deployment(name: str, of: tuple[str, str], **labels: str) -> o.Object:
    counts = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    selector = {"easymaker.io/kind": of[0], "easymaker.io/name": of[1], **labels}
    return o.thing(
        "Deployment",
        name,
        of,
        spec={"replicas": 1, "selector": {"matchLabels": selector}},
        status=counts,
    )


def apply(server: ApiServer, training: o.Object, staged: bool = False) -> bool:
    """All objects of the spec but for a stage's Deployment; the training is as given."""
    book, stage = ("notebook", "explore"), ("stage", "blue")
    ready = o.container("notebook", o.running(), ready=True)
    found = {
        "jobs": [training],
        "deployments": [deployment("experiment-iris", ("experiment", "iris"))],
        "configmaps": [
            o.thing("ConfigMap", "model-fitted", ("model", "fitted"), document={"training": "fit"})
        ],
        "statefulsets": [o.thing("StatefulSet", "notebook-explore", book, spec={"replicas": 1})],
        "pods": [o.pod("notebook-explore-0", book, ready, conditions=(o.condition("Ready"),))],
        "httproutes": [
            o.route("experiment-iris", ("experiment", "iris"), *o.accepted()),
            o.route("notebook-explore", book, *o.accepted()),
            o.route(
                "stage-blue-iris",
                stage,
                *o.accepted(),
                labels=OF_STAGE,
                document={"model": "fitted"},
            ),
        ],
    }
    if staged:
        found["deployments"].append(deployment("stage-blue-iris", stage, **OF_STAGE))
    server.lists |= found
    return True


def later(server: ApiServer, training: o.Object) -> None:
    """The training ends as given, a moment from now."""

    def end() -> None:
        server.lists["jobs"] = [training]
        server.tell("jobs", "MODIFIED", training)

    threading.Timer(0.2, end).start()


COMPLETE = job(o.condition("Complete"))
FAILED = job(o.condition("Failed", message="train.py exited with code 3"))


def test_applies_again_when_a_served_model_was_trained(
    spec: resolved.Workspace,
    server: ApiServer,
    gateway: Gateway,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def first() -> bool:
        later(server, COMPLETE)
        return apply(server, job())

    stack = Stack([first, lambda: apply(server, COMPLETE, staged=True)])
    run = run_of(spec, server, stack)
    run.train()
    run.serve()
    assert stack.applied == 2
    assert run.failed == {}
    assert run.well == {EXPERIMENT, TRAINING, ENDPOINT, STAGE, NOTEBOOK}
    assert gateway.asked == {
        "tensorboard-iris/healthz",
        "blue-iris/v2/health/ready",
        "iris/v2/health/ready",
        "notebook-explore/api",
    }
    assert capsys.readouterr().err.splitlines() == [
        "stack dev: applied",
        "training/fit: CREATE IN PROGRESS",
        "training/fit: COMPLETE",
        "stack dev: applied",
        "experiment/iris: ACTIVE",
        "stage/iris/blue: ACTIVE",
        "notebook/explore: ACTIVE (HEALTHY)",
    ]


def test_applies_once_when_all_is_there(spec: resolved.Workspace, server: ApiServer) -> None:
    apply(server, COMPLETE, staged=True)
    stack = Stack([lambda: False])
    run = run_of(spec, server, stack)
    run.train()
    run.serve()
    assert (stack.applied, run.failed) == (1, {})


def test_the_others_go_on_when_a_training_fails(
    spec: resolved.Workspace, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.kubectl", lambda: "/bin/false")  # there is no log to show

    def first() -> bool:
        later(server, FAILED)
        return apply(server, job())

    stack = Stack([first])
    run = run_of(spec, server, stack)
    run.train()
    run.serve()
    assert stack.applied == 1
    assert run.well == {EXPERIMENT, NOTEBOOK}
    assert run.failed == {
        TRAINING: "train.py exited with code 3",
        STAGE: "the training fit made no model (FAIL TRAIN: train.py exited with code 3)",
    }


def test_what_does_not_answer_through_the_gateway_failed(
    spec: resolved.Workspace,
    server: ApiServer,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(up, "PATIENCE_SECONDS", 0)
    gateway.down.add("blue-iris")
    apply(server, COMPLETE, staged=True)
    run = run_of(spec, server, Stack([lambda: False]))
    run.train()
    run.serve()
    assert run.failed == {STAGE: "it answers 503 at /v2/health/ready through the gateway"}
    assert STAGE not in run.well


def test_time_over_leaves_what_is_there(spec: resolved.Workspace, server: ApiServer) -> None:
    stack = Stack([lambda: apply(server, job())])
    run = run_of(spec, server, stack)
    run.end = 0
    run.train()
    run.serve()
    assert run.failed == {TRAINING: "not in time: CREATE IN PROGRESS"}
    assert run.well == {EXPERIMENT, NOTEBOOK}


def test_failed_apply_names_what_failed(spec: resolved.Workspace, server: ApiServer) -> None:
    def fails() -> bool:
        apply(server, FAILED)
        raise ToolError("`pulumi up` failed with exit code 1")

    with pytest.raises(ToolError) as raised:
        run_of(spec, server, Stack([fails])).train()
    assert str(raised.value).splitlines()[:2] == [
        "`pulumi up` failed with exit code 1",
        "training/fit: FAIL TRAIN: train.py exited with code 3",
    ]
