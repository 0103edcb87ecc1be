"""`emctl logs` where the pods are gone: by a real reader, through a forwarded port."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_logs import FIT, RECORD, attempt
from tests.support import live_objects as o
from tests.support import objects
from tests.support.api_server import ApiServer
from tools.errors import ToolError

NEW, OLD = "bbbbbbbbbb", "aaaaaaaaaa"


@dataclass
class Shelf:
    """The folder that the reader shows."""

    folder: Path

    def put(self, revision: str, start: int, *parts: str, pod: str = "", code: int = 0) -> None:
        """An attempt of instance 0, at an hour of the day. A code below 0: it could not say."""
        name = f"20260101T{start:02d}0000Z.{pod or f'fit-{revision}-{start}'}"
        home = self.folder / "fit" / revision / "0" / name
        home.mkdir(parents=True)
        for number, text in enumerate(parts):
            if text:
                (home / f"part-{number:06d}.log").write_text(text)
        if code >= 0:
            sentence = f"train.py exited with code {code}: no" if code else ""
            end = {"instance": 0, "exit_code": code, "sentence": sentence}
            (home / "end.json").write_text(json.dumps(end))


@pytest.fixture
def shelf(tmp_path: Path, server: ApiServer) -> Iterator[Shelf]:
    folder = tmp_path / "logs"
    with objects.serve_as("webdav", folder, 0, "--read-only", "--dir-cache-time=0s") as port:
        server.forwarded["log-reader-0"] = port
        yield Shelf(folder)


def finished(condition: str = "Complete", revision: str = NEW) -> o.Object:
    return o.thing(
        "Job",
        f"training-fit-{revision}",
        FIT,
        spec={"completions": 2, "parallelism": 2},
        status={"conditions": [o.condition(condition)]},
        labels={"easymaker.io/revision": revision},
        document={},
    )


def test_the_last_attempt_is_shown_as_people_read_it(
    command: Command, server: ApiServer, shelf: Shelf
) -> None:
    server.lists["jobs"] = [finished("Failed")]
    shelf.put(NEW, 1, "first try\n", code=214)
    shelf.put(NEW, 2, RECORD.decode() + "붓꽃\n" * 30_000, "last\n", code=3)
    shelf.put(OLD, 3, "of another revision\n")
    for more in ([], ["-f"]):
        done = command("logs", "training/fit", *more)
        lines = done.stdout.splitlines()
        assert lines[0] == "2026-01-01 00:00:01.250Z  INFO     epoch 1"
        assert lines[1:] == ["붓꽃"] * 30_000 + ["last"]
        said = (
            f"archived, of the pod fit-{NEW}-2\n"
            "instance 0 ended with exit code 3: train.py exited with code 3: no\n"
        )
        assert said in done.stderr
        assert done.exit_code == (1 if more else 0)


def test_previous_goes_back_over_revisions(
    command: Command, server: ApiServer, shelf: Shelf
) -> None:
    server.lists["jobs"] = [finished()]
    shelf.put(OLD, 1, "older\n")
    shelf.put(OLD, 2, "old\n")
    shelf.put(NEW, 3, "now\n")
    shelf.put(OLD, 9, "before it was taken back to what ran at three\n")
    done = command("logs", "training/fit", "--previous")
    assert (done.stdout, done.stderr) == ("old\n", f"archived, of the pod fit-{OLD}-2\n")
    shelf.put(NEW, 4, "again\n")
    assert command("logs", "training/fit", "--previous").stdout == "now\n"


def test_previous_of_a_pod_that_is_there(command: Command, server: ApiServer, shelf: Shelf) -> None:
    job = finished()
    server.lists |= {
        "jobs": [job],
        "pods": [attempt("fit-x", o.running(), of=job["metadata"]["name"])],
    }
    shelf.put(OLD, 1, "before\n")
    shelf.put(NEW, 2, "now\n", pod="fit-x", code=-1)
    assert command("logs", "training/fit", "--previous").stdout == "before\n"


def test_what_is_missing_of_a_log_is_told(
    command: Command, server: ApiServer, shelf: Shelf
) -> None:
    server.lists["jobs"] = [finished("Failed")]
    shelf.put(NEW, 1, "begin\n", "", "end\n", code=-1)
    done = command("logs", "training/fit")
    assert done.stdout == "begin\nend\n"
    assert done.stderr == (
        f"archived, of the pod fit-{NEW}-1\n"
        "here a part of the log was left out: it is too long\n"
        "it ends as it was kept last: the pod ended before its launcher could\n"
    )


@pytest.mark.usefixtures("shelf")
def test_nothing_is_archived(command: Command, server: ApiServer) -> None:
    server.lists["jobs"] = [finished()]
    done = command("logs", "training/fit", "--instance=1")
    assert (done.exit_code, done.stderr) == (
        1,
        "training/fit: COMPLETE; its pods are gone, and no log of it is archived\n",
    )
    done = command("logs", "training/fit", "--previous")
    assert str(done.exception) == (
        "training/fit has no run before that is still there, and no log of it is archived"
    )


def test_a_reader_that_is_away_is_told(command: Command, server: ApiServer) -> None:
    server.lists["jobs"] = [finished("Failed")]
    gone = "training/fit: FAIL TRAIN; its pods are gone, and the archive of logs can't be read: "
    done = command("logs", "training/fit")
    assert (done.exit_code, done.stderr) == (1, gone + "the pod log-reader-0 is not there\n")
    server.forwarded["log-reader-0"] = 1  # nobody listens there
    done = command("logs", "training/fit")
    assert done.exit_code == 1
    assert done.stderr.startswith(gone + "error forwarding port 1: ")


def test_other_kinds_have_no_archive(command: Command, server: ApiServer) -> None:
    book = o.container("notebook", o.running())
    server.lists["pods"] = [o.pod("notebook-explore-0", ("notebook", "explore"), book)]
    done = command("logs", "notebook/explore", "--previous")
    assert isinstance(done.exception, ToolError)
    assert "portforward" not in "".join(server.asked)


@pytest.mark.usefixtures("shelf")
def test_a_storage_that_refuses_is_no_empty_archive(command: Command, server: ApiServer) -> None:
    of = ("log-reader", "lab")
    pod = o.pod("log-reader-0", of, o.container("reader", o.running()))
    event = o.warning(pod, "Unhealthy", "Readiness probe failed: Access Denied", count=2)
    server.lists |= {"jobs": [finished()], "pods": [pod], "events": [event]}
    assert command("logs", "training/fit").stderr == (
        "training/fit: COMPLETE; its pods are gone, and archived logs can't be read: "
        "Readiness probe failed: Access Denied\n"
    )
