"""`emctl wait`: what it tells, and how it ends."""

import threading

import pytest

from tests.cli.conftest import Command
from tests.support import live_objects as o
from tests.support.api_server import ApiServer
from tools.errors import ToolError

BOOK = ("notebook", "explore")


def server_of(replicas: int) -> o.Object:
    return o.thing("StatefulSet", "notebook-explore", BOOK, spec={"replicas": replicas})


def job(*conditions: o.Object) -> o.Object:
    return o.thing(
        "Job",
        "training-fit-1",
        ("training", "fit"),
        spec={"parallelism": 1},
        status={"conditions": list(conditions)},
        document={},
    )


def test_tells_each_change_and_ends_with_the_last(command: Command, server: ApiServer) -> None:
    pod = o.pod("notebook-explore-0", BOOK, o.container("notebook", o.waiting("PodInitializing")))
    ready = o.container("notebook", o.running(), ready=True)
    works = o.pod("notebook-explore-0", BOOK, ready, conditions=(o.condition("Ready"),))
    server.lists["statefulsets"] = [server_of(1)]
    server.lists["httproutes"] = [o.route("notebook-explore", BOOK, *o.accepted())]
    threading.Timer(0.2, lambda: server.tell("pods", "ADDED", pod)).start()
    threading.Timer(0.4, lambda: server.tell("pods", "MODIFIED", works)).start()
    done = command("wait", "notebook/explore", "--timeout=20s")
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        "notebook/explore: CREATE IN PROGRESS",
        "notebook/explore: ACTIVE (HEALTHY)",
    ]


def test_ends_with_1_where_something_failed_for_good(command: Command, server: ApiServer) -> None:
    failed = o.condition("Failed", message="Job has reached the specified backoff limit")
    server.lists["jobs"] = [job(failed)]
    done = command("wait", "training/fit")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        "training/fit is not COMPLETE: it is FAIL TRAIN: "
        "Job has reached the specified backoff limit"
    )


def test_failure_that_is_waited_for_is_success(command: Command, server: ApiServer) -> None:
    server.lists["jobs"] = [job(o.condition("Failed", message="no"))]
    assert command("wait", "training/fit", "--for", "fail train").exit_code == 0


def test_time_over_has_a_code_of_its_own(command: Command, server: ApiServer) -> None:
    server.lists["jobs"] = [job()]
    done = command("wait", "training/fit", "--timeout=1s")
    assert done.exit_code == 124
    assert done.stderr.splitlines()[-1] == (
        "training/fit is not COMPLETE: it is CREATE IN PROGRESS"
    )


def test_stop_is_waited_for_where_something_still_runs(command: Command, server: ApiServer) -> None:
    server.lists["statefulsets"] = [server_of(1)]
    stopped = server_of(0)
    threading.Timer(0.3, lambda: server.tell("statefulsets", "MODIFIED", stopped)).start()
    done = command("wait", "notebook/explore", "--for=STOPPED", "--timeout=20s")
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["training/fit", "--for=ACTIVE"], "a training is never 'ACTIVE' "),
        (["training/none"], "the spec has no training 'none' "),
    ],
)
def test_wishes_that_never_come_true_are_refused(
    command: Command, arguments: list[str], message: str
) -> None:
    done = command("wait", *arguments)
    assert isinstance(done.exception, ToolError)
    assert str(done.exception).startswith(message)


def test_timeout_is_a_duration(command: Command) -> None:
    done = command("wait", "training/fit", "--timeout=1 hour")
    assert done.exit_code == 2
    assert "'1 hour' is no duration such as 90s, 15m or 2h" in done.stderr
