"""Prefixes, siblings, nothing: what lies under an address, and what each failure says."""

import socket
from pathlib import Path
from unittest.mock import Mock

import pytest
from launcher import causes
from launcher.job import Place
from launcher.storage import Storage

from tests.support import objects

from .conftest import HOST, Bench, place

RECORD = f"obs://{HOST}/b/results/iris-0a1b2c3d/completion.json"
LISTS = """
    import os, pathlib
    top = pathlib.Path(os.environ["EM_DATASET_TRAIN"])
    found = sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file())
    (pathlib.Path(os.environ["EM_MODEL_DIR"]) / "found.txt").write_text(repr(found))
"""


@pytest.fixture
def data(bench: Bench) -> Bench:
    for key in ("iris/train.csv", "iris/sub/x.csv", "iris-old/train.csv", "iris.csv"):
        bench.server.put(f"b/d/{key}", key)
    bench.server.put("b/d/single/only.csv", "only")
    bench.server.put("b/d/odd names/붓꽃 (1)+%20.csv", "odd")
    (bench.bucket / "d" / "marker").mkdir()
    bench.script(LISTS)
    return bench


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("d/iris", ["sub/x.csv", "train.csv"]),
        ("d/iris.csv", ["iris.csv"]),
        ("d/single/only.csv", ["only.csv"]),
        ("d/odd names", ["붓꽃 (1)+%20.csv"]),
    ],
)
def test_address_means_the_folder_or_the_object(data: Bench, path: str, found: list[str]) -> None:
    data.job["datasets"] = {"train": place(f"b/{path}")}
    result = data.run()
    assert result.code == 0, result.log
    assert (data.output / "model" / "found.txt").read_text() == repr(found)


@pytest.mark.parametrize("path", ["d/iri", "d/none", "d/marker"])
def test_nothing_under_the_address_ends_before_the_script(data: Bench, path: str) -> None:
    data.job["datasets"] = {"train": place(f"b/{path}")}
    data.script("print('started')")
    result = data.run()
    assert result.code == causes.NOTHING_THERE.code
    assert result.sentence == f"nothing under obs://{HOST}/b/{path} (data set train)"
    assert "running train.py" not in result.log


def test_missing_container_is_named(data: Bench) -> None:
    data.job["datasets"] = {"train": place("missing/d")}
    result = data.run()
    assert (result.code, result.sentence) == (
        causes.NO_BUCKET.code,
        f"the container of obs://{HOST}/missing/d does not exist (data set train)",
    )


def test_refused_credentials_are_a_cause_of_their_own(data: Bench) -> None:
    data.env["RCLONE_CONFIG_S0_SECRET_ACCESS_KEY"] = "wrong"
    result = data.run()
    assert result.code == causes.DENIED.code
    assert result.sentence == (
        f"no permission to read obs://{HOST}/b/results/iris-0a1b2c3d/completion.json (output data)"
    )
    assert "wrong" not in result.log


def test_silent_store_is_tried_again_and_then_named(data: Bench) -> None:
    data.job["stores"]["S0"]["endpoint"] = "http://127.0.0.1:1"
    data.job["retry_seconds"] = {"S0": 0.1}
    data.env["RCLONE_LOW_LEVEL_RETRIES"] = "1"
    result = data.run()
    assert (result.code, result.sentence) == (
        causes.STORAGE_SILENT.code,
        f"the storage of {RECORD} did not answer for 0.1 s (output data): "
        "dial tcp 127.0.0.1:1: connect: connection refused",
    )
    assert result.log.count("could not read") == 1


def test_store_that_answers_again_lets_the_run_go_on(data: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    data.job["stores"]["S0"]["endpoint"] = f"http://127.0.0.1:{port}"
    data.job["retry_seconds"] = {"S0": 60}
    data.job["datasets"] = {"train": place("b/d/iris")}
    data.env["RCLONE_LOW_LEVEL_RETRIES"] = "1"
    process = data.start()
    seen = data.read_until(process, b"trying again")
    with objects.serve(data.server.folder, port):
        result = data.finish(process, seen)
    assert result.code == 0, result.log
    assert f"{RECORD} (output data): it works again" in result.log


def test_run_that_waits_for_its_store_can_be_stopped(data: Bench) -> None:
    data.job["stores"]["S0"]["endpoint"] = "http://127.0.0.1:1"
    data.job["retry_seconds"] = {"S0": 600}
    data.env["RCLONE_LOW_LEVEL_RETRIES"] = "1"
    assert data.stop_when(b"trying again").code == causes.STOPPED.code


def test_data_from_a_second_store(data: Bench, tmp_path: Path) -> None:
    with objects.serve(tmp_path / "second") as other:
        other.put("b/d/only-here.csv", "1")
        data.job["stores"]["S1"] = {**data.job["stores"]["S0"], "endpoint": other.endpoint}
        for key in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
            data.env[f"RCLONE_CONFIG_S1_{key}"] = data.env[f"RCLONE_CONFIG_S0_{key}"]
        data.job["datasets"] = {"train": place("b/d", "S1")}
        assert data.run().code == 0
    assert (data.output / "model" / "found.txt").read_text() == "['only-here.csv']"


def late(monkeypatch: pytest.MonkeyPatch, listings: list[dict[str, int]]) -> tuple[Storage, Mock]:
    """A storage whose uploads succeed, and whose listings are these; the last one stays."""
    runner = Mock()
    runner.run.return_value = 0
    layout = Mock(rclone="rclone", scratch=None)
    storage = Storage(layout, Mock(stores={}, retry_seconds={}), runner, {}, Mock())
    left = iter(listings)
    monkeypatch.setattr(storage, "listing", lambda *_: next(left, listings[-1]))
    return storage, runner


def test_listings_that_follow_later_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, runner = late(monkeypatch, [{}, {"a": 1}, {"a": 1, "b": 2}])
    storage.upload("d", Place("obs://h/b/d", "S0", "b/d"), {"a": 1, "b": 2}, "model")
    assert [call.args for call in runner.pause.call_args_list] == [(1.0,), (2.0,)]


def test_what_never_is_listed_did_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, runner = late(monkeypatch, [{"a": 1}])
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("launcher.patience.time", Mock(monotonic=lambda: next(clock)))
    with pytest.raises(causes.Ended, match="other files arrived there than were sent"):
        storage.upload("d", Place("obs://h/b/d", "S0", "b/d"), {"a": 2}, "model")
    assert runner.pause.called
