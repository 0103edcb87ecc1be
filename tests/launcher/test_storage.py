"""Prefixes, siblings, nothing: what lies under an address, and what each failure says."""

from pathlib import Path

import pytest
from launcher import causes

from tests.support import objects

from .conftest import HOST, Bench, place

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


def test_store_out_of_reach_says_why(data: Bench) -> None:
    data.job["stores"]["S0"]["endpoint"] = "http://127.0.0.1:1"
    # One try each: the pauses between tries are rclone's own affair.
    data.env.update(RCLONE_LOW_LEVEL_RETRIES="1", RCLONE_RETRIES="1")
    result = data.run()
    assert result.code == causes.STORAGE_FAILED.code
    assert result.sentence.startswith(f"could not read obs://{HOST}/b/results/")
    assert result.sentence.endswith("connection refused")


def test_data_from_a_second_store(data: Bench, tmp_path: Path) -> None:
    with objects.serve(tmp_path / "second") as other:
        other.put("b/d/only-here.csv", "1")
        data.job["stores"]["S1"] = {**data.job["stores"]["S0"], "endpoint": other.endpoint}
        for key in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
            data.env[f"RCLONE_CONFIG_S1_{key}"] = data.env[f"RCLONE_CONFIG_S0_{key}"]
        data.job["datasets"] = {"train": place("b/d", "S1")}
        assert data.run().code == 0
    assert (data.output / "model" / "found.txt").read_text() == "['only-here.csv']"
