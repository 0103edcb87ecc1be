"""`emctl logs`: what it prints, what it tells beside, and how it ends."""

import signal
import threading

import pytest

from tests.cli.conftest import Command
from tests.support import live_objects as o
from tests.support.api_server import ApiServer
from tools.errors import ToolError

FIT = ("training", "fit")
JOB = "training-fit-1"
RECORD = (
    b'{"easymakerAppKey": "k", "category": "easymaker.training", "logType": "NHNCloud-AIEasyMaker",'
    b' "trainingId": "fit-1", "logLevel": "INFO", "body": "epoch 1",'
    b' "time": "2026-01-01T00:00:01.250Z"}\n'
)
FAILURE = o.ended(3, "train.py exited with code 3: ValueError: no")


def job(*conditions: o.Object, instances: int = 2) -> o.Object:
    spec = {"completions": instances, "parallelism": instances}
    status = {"conditions": list(conditions)}
    return o.thing("Job", JOB, FIT, spec=spec, status=status, document={})


def attempt(
    name: str,
    state: o.Object,
    *,
    index: int = 0,
    made: str = o.MADE,
    phase: str = "Running",
    of: str = JOB,
) -> o.Object:
    metadata = {
        "annotations": {"batch.kubernetes.io/job-completion-index": str(index)},
        "creationTimestamp": made,
    }
    labels = {"batch.kubernetes.io/job-name": of}
    main = o.container("main", state)
    spec = {"restartPolicy": "Never"}
    return o.pod(name, FIT, main, phase=phase, labels=labels, metadata=metadata, spec=spec)


def stamped(*lines: str) -> list[bytes | threading.Event]:
    """Lines as the kubelet sends them with timestamps."""
    return [f"2026-01-01T00:00:0{i}.000000000Z {line}\n".encode() for i, line in enumerate(lines)]


def stage_pod(name: str, state: o.Object, of: str = "iris", **more: object) -> o.Object:
    model = o.container("model", state, **more)
    return o.pod(name, ("stage", "blue"), model, labels={"easymaker.io/endpoint": of})


# --- once -------------------------------------------------------------------------------------


def test_records_are_readable_and_the_end_is_explained(command: Command, server: ApiServer) -> None:
    server.lists |= {
        "jobs": [job(o.condition("Failed"))],
        "pods": [
            attempt("fit-a", o.ended(137, at=o.MADE)),
            attempt("fit-b", FAILURE, made=o.LATER),
            attempt("fit-1-a", o.running(), index=1),
        ],
    }
    server.logs["fit-b"] = [[RECORD, b"plain \xff\r50%\n", b"no end"]]
    done = command("logs", "training/fit")
    assert done.exit_code == 0
    assert done.stdout == (
        "2026-01-01 00:00:01.250Z  INFO     epoch 1\nplain \ufffd\r50%\nno end\n"
    )
    assert done.stderr == (
        "instance 0 ended with exit code 3: train.py exited with code 3: ValueError: no\n"
    )
    assert "/api/v1/namespaces/lab/pods/fit-b/log?container=main" in server.asked


def test_one_instance_and_the_run_before(command: Command, server: ApiServer) -> None:
    older = attempt("older", o.ended(0), of="training-fit-0", made="2025-12-31T00:00:00Z")
    server.lists |= {
        "jobs": [job()],
        "pods": [
            older,
            attempt("fit-a", o.ended(137)),
            attempt("fit-b", o.running(), made=o.LATER),
            attempt("fit-1-a", o.running(), index=1),
        ],
    }
    server.logs |= {
        name: [[f"of {name}\n".encode()]] for name in ("older", "fit-a", "fit-b", "fit-1-a")
    }
    assert command("logs", "training/fit").stdout == "of fit-b\n"
    assert command("logs", "training/fit", "--instance=1").stdout == "of fit-1-a\n"
    before = command("logs", "training/fit", "--previous")
    assert before.stdout == "of fit-a\n"
    assert before.stderr == "instance 0 ended with exit code 137: ended by SIGKILL\n"
    server.lists["pods"] = [older]
    assert command("logs", "training/fit", "--previous").stdout == "of older\n"


def test_what_has_not_started_says_what_it_waits_for(command: Command, server: ApiServer) -> None:
    pod = attempt("fit-a", o.waiting("ErrImagePull", "not found"), phase="Pending")
    server.lists |= {"jobs": [job(instances=1)], "pods": [pod]}
    done = command("logs", "training/fit")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "training/fit: CREATE IN PROGRESS: the image registry.example/app:1 can't be pulled: "
        "not found\n"
    )


def test_pods_that_are_gone_are_told(command: Command, server: ApiServer) -> None:
    server.lists["jobs"] = [job(o.condition("Complete"))]
    done = command("logs", "training/fit")
    assert (done.exit_code, done.stderr) == (
        1,
        "training/fit: COMPLETE; its pods are gone, and the archive of logs can't be read: "
        "the pod log-reader-0 is not there\n",
    )


def test_all_pods_of_a_stage_or_one(command: Command, server: ApiServer) -> None:
    server.lists["pods"] = [
        stage_pod("blue-1", o.running()),
        stage_pod("blue-2", o.running(), lastState=o.ended(1, "no memory"), restartCount=1),
        stage_pod("other", o.running(), of="other"),
    ]
    server.logs |= {n: [[f"of {n}\n".encode()]] for n in ("blue-1", "blue-2", "other")}
    done = command("logs", "stage/iris/blue")
    assert (done.exit_code, done.stdout) == (0, "of blue-1\nof blue-2\n")
    assert done.stderr == "pod blue-1\npod blue-2\n"
    assert command("logs", "stage/iris/blue", "--instance=1").stdout == "of blue-2\n"
    before = command("logs", "stage/iris/blue", "--previous")
    assert before.stdout == "of blue-2\n"
    assert before.stderr == "the container model ended with exit code 1: no memory\n"
    assert server.asked[-1].endswith("/pods/blue-2/log?container=model&previous=true")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["endpoint/iris"], "an endpoint has no pods of its own: ask for stage/iris/STAGE"),
        (["model/fitted"], "a model has no pods: ask for the training that makes it"),
        (["notebook"], "which notebook? notebook/explore, notebook/train"),
        (["training/fitt"], "the spec has no training 'fitt' (did you mean 'fit'?)"),
        (["training/fit", "--instance=2"], "training/fit has the instances 0 to 1"),
        (
            ["training/fit", "--container=mian"],
            "there is no container 'mian' (did you mean 'main'?)",
        ),
        (
            ["training/fit", "--previous"],
            "training/fit has no run before that is still there, and the archive of logs can't be "
            "read: the pod log-reader-0 is not there",
        ),
    ],
)
def test_mistakes_are_one_sentence(
    command: Command, server: ApiServer, arguments: list[str], message: str
) -> None:
    server.lists |= {"jobs": [job()], "pods": [attempt("fit-a", o.running())]}
    done = command("logs", *arguments)
    assert isinstance(done.exception, ToolError)
    assert str(done.exception) == message


def test_a_pod_that_vanishes_is_one_sentence(command: Command, server: ApiServer) -> None:
    server.lists |= {"jobs": [job()], "pods": [attempt("fit-a", o.running())]}
    done = command("logs", "training/fit")  # listed, and then it has no log
    assert isinstance(done.exception, ToolError)
    assert str(done.exception) == "the pod fit-a is gone"


def test_nothing_is_followed_of_what_has_ended(command: Command) -> None:
    assert command("logs", "training/fit", "-f", "--previous").exit_code == 2


# --- followed ---------------------------------------------------------------------------------


def test_followed_from_before_the_start_to_the_second_attempts_end(
    command: Command, server: ApiServer
) -> None:
    ended, over = threading.Event(), threading.Event()
    waits = attempt("fit-a", o.waiting("PodInitializing"), phase="Pending")
    server.lists |= {"jobs": [job(instances=1)], "pods": [waits]}
    server.logs |= {
        "fit-a": [[*stamped("one", "two"), ended], stamped("one", "two", "last of a")],
        "fit-b": [[*stamped("three"), over]],
    }

    def change(plural: str, item: o.Object) -> None:
        before = server.lists[plural]
        assert isinstance(before, list)
        kept = [i for i in before if i["metadata"]["name"] != item["metadata"]["name"]]
        server.lists[plural] = [*kept, item]
        server.tell(plural, "MODIFIED", item)

    def go_on() -> None:
        change("pods", attempt("fit-a", o.running()))
        threading.Event().wait(0.3)
        change("pods", attempt("fit-a", o.ended(137), phase="Failed"))
        ended.set()
        change("pods", attempt("fit-b", o.running(), made=o.LATER))
        threading.Event().wait(0.3)
        change("pods", attempt("fit-b", FAILURE, made=o.LATER, phase="Failed"))
        change("jobs", job(o.condition("Failed"), instances=1))
        over.set()

    threading.Timer(0.3, go_on).start()
    done = command("logs", "training/fit", "-f")
    assert done.exit_code == 1
    a, b = done.stdout.splitlines(), done.stderr.splitlines()
    assert sorted(a) == ["last of a", "one", "three", "two"]
    assert a.index("one") < a.index("two") < a.index("last of a")
    assert b[0] == "training/fit: CREATE IN PROGRESS"
    assert sorted(b[1:-1]) == [
        "instance 0 ended with exit code 137: ended by SIGKILL",
        "instance 0 ended with exit code 3: train.py exited with code 3: ValueError: no",
        "pod fit-b",
    ]
    assert b[-1] == "training/fit: FAIL TRAIN: train.py exited with code 3: ValueError: no"


def test_complete_training_ends_at_once_with_its_whole_log(
    command: Command, server: ApiServer
) -> None:
    server.lists |= {
        "jobs": [job(o.condition("Complete"), instances=1)],
        "pods": [attempt("fit-a", o.ended(0, reason="Completed"), phase="Succeeded")],
    }
    server.logs["fit-a"] = [stamped("one", "two")]
    done = command("logs", "training/fit", "-f")
    assert (done.exit_code, done.stdout) == (0, "one\ntwo\n")
    assert done.stderr == "training/fit: COMPLETE\n"


def test_attempts_that_ended_before_are_not_followed(command: Command, server: ApiServer) -> None:
    server.lists |= {
        "jobs": [job(o.condition("Failed"), instances=1)],
        "pods": [
            attempt("fit-a", o.ended(137), phase="Failed"),
            attempt("fit-b", FAILURE, made=o.LATER, phase="Failed"),
        ],
    }
    server.logs |= {"fit-a": [stamped("one")], "fit-b": [stamped("two")]}
    assert command("logs", "training/fit", "-f").stdout == "two\n"


def test_connection_that_breaks_is_taken_up_where_it_was(
    command: Command, server: ApiServer
) -> None:
    pod = attempt("fit-a", o.running())
    server.lists |= {"jobs": [job(instances=1)], "pods": [pod]}
    over = threading.Event()
    first, second, third = stamped("one", "two", "three")
    server.logs["fit-a"] = [[first, second], [second, third, over], [first, second, third]]
    done_pod = attempt("fit-a", o.ended(0), phase="Succeeded")

    def end() -> None:
        server.lists["pods"] = [done_pod]
        server.tell("pods", "MODIFIED", done_pod)
        server.tell("jobs", "MODIFIED", complete)
        server.lists["jobs"] = [complete]
        over.set()

    complete = job(o.condition("Complete"), instances=1)
    threading.Timer(4, end).start()
    done = command("logs", "training/fit", "-f")
    assert (done.exit_code, done.stdout) == (0, "one\ntwo\nthree\n")
    assert any("sinceTime=2026-01-01T00%3A00%3A01.000000000Z" in path for path in server.asked)


def test_a_pod_that_vanishes_is_told_and_the_next_is_waited_for(
    command: Command, server: ApiServer
) -> None:
    ended = threading.Event()
    server.lists |= {"jobs": [job(instances=1)], "pods": [attempt("fit-a", o.running())]}
    server.logs["fit-a"] = [[*stamped("one"), ended]]

    def vanish() -> None:
        server.lists["pods"] = []
        ended.set()
        server.tell("pods", "DELETED", attempt("fit-a", o.running()))
        complete = job(o.condition("Complete"), instances=1)
        server.lists["jobs"] = [complete]
        server.tell("jobs", "MODIFIED", complete)

    threading.Timer(0.5, vanish).start()
    done = command("logs", "training/fit", "-f")
    assert (done.exit_code, done.stdout) == (0, "one\n")
    assert done.stderr.splitlines() == ["the pod fit-a is gone", "training/fit: COMPLETE"]


def test_lines_of_several_pods_tell_whose_they_are(command: Command, server: ApiServer) -> None:
    server.lists["pods"] = [stage_pod("blue-1", o.running()), stage_pod("blue-2", o.running())]
    forever = threading.Event()
    server.logs |= {n: [[*stamped(n), forever]] for n in ("blue-1", "blue-2")}
    me = threading.get_ident()
    threading.Timer(0.7, lambda: signal.pthread_kill(me, signal.SIGINT)).start()
    done = command("logs", "stage/iris/blue", "--follow")
    assert sorted(done.stdout.splitlines()) == ["[1] blue-1", "[2] blue-2"]
    assert done.stderr == "pod blue-1\npod blue-2\n"


def test_container_that_is_started_again_is_read_once_each_time(
    command: Command, server: ApiServer
) -> None:
    first, second = threading.Event(), threading.Event()
    server.lists["pods"] = [stage_pod("blue-1", o.running())]
    one, two, three = stamped("one", "two", "three")
    server.logs["blue-1"] = [[one, first], [one, two], [three, second]]
    again = stage_pod("blue-1", o.running(), restartCount=1, lastState=o.ended(1, "no memory"))

    def restart() -> None:
        server.lists["pods"] = [again]
        first.set()
        threading.Event().wait(0.4)
        server.tell("pods", "MODIFIED", again)

    me = threading.get_ident()
    threading.Timer(0.4, restart).start()
    threading.Timer(1.8, lambda: signal.pthread_kill(me, signal.SIGINT)).start()
    done = command("logs", "stage/iris/blue", "-f")
    assert done.stdout == "one\ntwo\nthree\n"
    # What the first run wrote last is no longer the container's log but the one before.
    asked = [path for path in server.asked if "/log?" in path]
    assert ["previous=true" in path for path in asked] == [False, True, False]
    assert sorted(done.stderr.splitlines()) == [
        "pod blue-1",
        "the container model ended with exit code 1: no memory",
    ]


def test_interrupt_ends_it_without_a_word(command: Command, server: ApiServer) -> None:
    server.lists["pods"] = [stage_pod("blue-1", o.running())]
    server.logs["blue-1"] = [[*stamped("one"), threading.Event()]]
    me = threading.get_ident()
    threading.Timer(0.7, lambda: signal.pthread_kill(me, signal.SIGINT)).start()
    done = command("logs", "stage/iris/blue", "-f")
    assert (done.exit_code, done.stdout, done.stderr) == (130, "one\n", "")
