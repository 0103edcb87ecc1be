"""`emctl status` as a person and as a machine see it."""

import json

import pytest

from cli.feed import Feed
from cli.status import watch
from cli.statuses.objects import Objects
from tests.cli.conftest import Command
from tests.support import live_objects as o
from tests.support.api_server import ApiServer
from tools.errors import ToolError

DOMAIN = "lab.ml.test:8088"


def listed(*objects: o.Object) -> list[o.Object]:
    """Objects as items of a list: without their kind."""
    return [{key: value for key, value in item.items() if key != "kind"} for item in objects]


@pytest.fixture
def live(server: ApiServer) -> None:
    """A failed training, an endpoint that waits for it, and a notebook that works."""
    training, stage, book = ("training", "fit"), ("stage", "blue"), ("notebook", "explore")
    job = o.thing(
        "Job",
        "training-fit-1",
        training,
        spec={"completions": 2, "parallelism": 2},
        status={"conditions": [o.condition("Failed")]},
        document={"experiment": "iris"},
    )
    failed = o.container("main", o.ended(3, "train.py exited with code 3: ValueError: no"))
    labels = {"batch.kubernetes.io/job-name": "training-fit-1"}
    index = {"annotations": {"batch.kubernetes.io/job-completion-index": "0"}}
    ready = o.container("notebook", o.running(), ready=True)
    server.lists |= {
        "jobs": listed(job),
        "pods": listed(
            o.pod(
                "training-fit-1-0", training, failed, phase="Failed", labels=labels, metadata=index
            ),
            o.pod("notebook-explore-0", book, ready, conditions=(o.condition("Ready"),)),
        ),
        "configmaps": listed(
            o.thing("ConfigMap", "model-fitted", ("model", "fitted"), document={"training": "fit"})
        ),
        "statefulsets": listed(
            o.thing("StatefulSet", "notebook-explore", book, spec={"replicas": 1})
        ),
        "httproutes": listed(
            o.route(
                "endpoint-iris",
                ("endpoint", "iris"),
                *o.accepted(),
                document={"default_stage": "blue"},
            ),
            o.route(
                "stage-blue-iris",
                stage,
                *o.accepted(),
                labels={"easymaker.io/endpoint": "iris"},
                document={"model": "fitted"},
            ),
            o.route("notebook-explore", book, *o.accepted()),
        ),
    }


WHY = "FAIL TRAIN: instance 0: train.py exited with code 3: ValueError: no"
TABLE = f"""\
KIND        NAME       STATUS            API GATEWAY  CAUSE OR PLACE
experiment  iris       CREATE REQUESTED               the spec is not applied yet
training    fit        FAIL TRAIN                     instance 0: train.py exited with code 3: ValueError: no
model       fitted     CREATE FAILED                  no revision of the training fit is complete ({WHY})
endpoint    iris       CREATE FAILED     ACTIVE       default stage blue: CREATE FAILED: the training fit made no model ({WHY})
stage       iris/blue  CREATE FAILED     ACTIVE       the training fit made no model ({WHY})
notebook    explore    ACTIVE (HEALTHY)               http://notebook-explore.{DOMAIN}
notebook    train      CREATE REQUESTED               the spec is not applied yet
"""  # noqa: E501


@pytest.mark.usefixtures("live")
def test_table_of_everything(command: Command) -> None:
    done = command("status")
    assert (done.exit_code, done.output) == (0, TABLE)


@pytest.mark.usefixtures("live")
def test_one_kind_and_one_resource(command: Command) -> None:
    done = command("status", "notebook/explore")
    assert done.output == (
        "KIND      NAME     STATUS            CAUSE OR PLACE\n"
        f"notebook  explore  ACTIVE (HEALTHY)  http://notebook-explore.{DOMAIN}\n"
    )
    lines = command("status", "notebook").output.splitlines()
    assert [line.split()[1] for line in lines] == ["NAME", "explore", "train"]


@pytest.mark.usefixtures("live")
def test_json(command: Command) -> None:
    found = json.loads(command("status", "stage/iris/blue", "--json").output)
    assert found == {
        "workspace": "lab",
        "resources": [
            {
                "kind": "stage",
                "name": "iris/blue",
                "status": "CREATE FAILED",
                "cause": f"the training fit made no model ({WHY})",
                "since": None,
                "api_gateway": {"status": "ACTIVE", "cause": None, "since": o.LATER},
                "place": f"http://blue-iris.{DOMAIN}/inference",
            }
        ],
    }


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("trainings", "there is no kind 'trainings' (did you mean 'training'?)"),
        ("training/fitt", "the spec has no training 'fitt' (only 'fit' is possible)"),
        ("stage/blue", "the spec has no stage 'blue' (only 'iris/blue' is possible)"),
    ],
)
def test_unknown_resource_is_one_sentence(command: Command, what: str, message: str) -> None:
    done = command("status", what)
    assert isinstance(done.exception, ToolError)
    assert str(done.exception) == message.replace("only 'fit' is possible", "did you mean 'fit'?")


def test_unreadable_cluster_is_one_sentence(command: Command, server: ApiServer) -> None:
    server.lists["events"] = (403, "events is forbidden")
    done = command("status")
    assert isinstance(done.exception, ToolError)
    assert str(done.exception) == "the cluster can't be read: events is forbidden"


class Moments(Feed):
    """A feed that ends; at each moment there are pods of these names."""

    def __init__(self, *moments: list[str]) -> None:
        super().__init__()
        self._moments = iter(moments)

    def next(self, timeout_seconds: float | None = None) -> Objects | None:
        names = next(self._moments, None)
        if names is None:
            return None
        return Objects(o.pod(name, ("training", "fit")) for name in names)


def names(objects: Objects) -> str:
    return " ".join(pod["metadata"]["name"] for pod in objects.all("Pod", "training"))


def test_watching_prints_what_changed_and_nothing_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watch(Moments(["a"], ["a"], ["a", "b"], ["a", "b"], ["b"]), names, "\n")
    assert capsys.readouterr().out == "a\n\na b\n\nb\n"


def test_watching_on_a_terminal_starts_at_its_top(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    watch(Moments(["a"], ["a"], ["b"]), names, "\n")
    assert capsys.readouterr().out == "\033[2J\033[1;1Ha\n\033[2J\033[1;1Hb\n"


@pytest.mark.usefixtures("live")
def test_watch_follows_the_cluster_until_ctrl_c(
    command: Command, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def echo(text: str, nl: bool = True) -> None:
        seen.append(json.loads(text)["resources"][0]["status"])
        if len(seen) == 2:
            raise KeyboardInterrupt
        gone = o.thing("StatefulSet", "notebook-explore", ("notebook", "explore"))
        server.tell("statefulsets", "DELETED", gone)

    monkeypatch.setattr("cli.status.click.echo", echo)
    done = command("status", "notebook/explore", "--watch", "--json")
    assert done.exit_code == 130
    assert seen == ["ACTIVE (HEALTHY)", "CREATE REQUESTED"]


def reader(container: o.Object, conditions: tuple[o.Object, ...] = ()) -> tuple[o.Object, o.Object]:
    """The StatefulSet and the pod of the reader of archived logs."""
    of = ("log-reader", "lab")
    return o.thing("StatefulSet", "log-reader", of), o.pod(
        "log-reader-0", of, container, conditions=conditions
    )


def test_a_reader_of_logs_that_fails_is_told_below(command: Command, server: ApiServer) -> None:
    waits = o.waiting("CreateContainerConfigError", 'secret "keys" not found')
    owner, pod = reader(o.container("reader", waits))
    server.lists |= {"statefulsets": listed(owner), "pods": listed(pod)}
    why = "archived logs can't be read: the container reader can't be set up: "
    lines = command("status").output.splitlines()
    assert lines[-2:] == ["", why + 'secret "keys" not found']
    assert "log-reader" not in "".join(lines[:-2])
    assert json.loads(command("status", "--json").output)["notes"] == lines[-1:]
    assert why not in command("status", "notebook").output


def test_a_reader_whose_storage_refuses_it_is_told(command: Command, server: ApiServer) -> None:
    unready = (o.condition("Ready", False),)
    owner, pod = reader(o.container("reader", o.running()), conditions=unready)
    failed = (
        "Readiness probe failed: 2026/12/01 02:23:5{0} ERROR : error listing: StatusCode: 403, "
    )
    failed += "RequestID: 18ED{0}, HostID: , api error SignatureDoesNotMatch\n"
    failed += "2026/12/01 02:23:5{0} NOTICE: Failed to lsf\n"
    events = [o.warning(pod, "Unhealthy", failed.format(number)) for number in (1, 2)]
    events[1]["metadata"]["name"] += "2"
    server.lists |= {"statefulsets": listed(owner), "pods": listed(pod)}
    server.lists["events"] = listed(*events[:1])
    assert "archived" not in command("status").output  # it may have been too early
    server.lists["events"] = listed(*events)
    why = "archived logs can't be read: Readiness probe failed: ERROR : error listing: "
    why += "StatusCode: 403, api error SignatureDoesNotMatch"
    assert command("status").output.endswith(f"\n{why}\n")


def test_a_reader_that_starts_is_no_matter(command: Command, server: ApiServer) -> None:
    owner, pod = reader(o.container("reader", o.running()))
    server.lists |= {"statefulsets": listed(owner), "pods": listed(pod)}
    assert "archived" not in command("status").output


def test_a_clean_up_that_fails_is_told_below(command: Command, server: ApiServer) -> None:
    of = ("retention", "lab")
    ended = [
        o.pod(
            f"retention-{number}",
            of,
            o.container("clean", state),
            phase=phase,
            spec={"restartPolicy": "Never"},
            metadata={"creationTimestamp": f"2026-01-01T0{number}:00:00Z"},
        )
        for number, (state, phase) in enumerate(
            [(o.ended(0), "Succeeded"), (o.ended(1, "HTTP Error 403: Forbidden"), "Failed")]
        )
    ]
    server.lists["pods"] = listed(*ended)
    why = "pods that have ended are not cleaned up: the container clean ended with exit code 1: "
    assert command("status").output.endswith(f"\n\n{why}HTTP Error 403: Forbidden\n")
    server.lists["pods"] = listed(*ended[:1])
    assert "cleaned up" not in command("status").output
