"""Folders that are mounted: used in place, copied, or written to; and the room for what is not."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from launcher import causes

from .conftest import Bench, place


@pytest.fixture
def nas(bench: Bench) -> Bench:
    """All of the job on a NAS, and no credentials in the pod."""
    bench.job["stores"]["NAS"] = {"type": "local"}
    bench.env = {key: value for key, value in bench.env.items() if not key.startswith("RCLONE")}
    for name in ("code", "output", "checkpoint", "d"):
        folder(bench, name).mkdir(parents=True)
    bench.job.update(
        code=mounted(bench, "code"),
        output=mounted(bench, "output"),
        checkpoint=mounted(bench, "checkpoint"),
        datasets={"train": mounted(bench, "d")},
    )
    (folder(bench, "d") / "x.csv").write_text("1,2")
    return bench


def folder(bench: Bench, name: str) -> Path:
    return bench.home / "nas" / name


def mounted(bench: Bench, name: str) -> dict[str, str]:
    """As the document has what the pod mounts."""
    return {
        "address": f"nas://data:/{name}",
        "remote": "NAS",
        "path": str(folder(bench, name)),
    }


def script(bench: Bench, text: str) -> None:
    (folder(bench, "code") / "train.py").write_text(text)


ALL = """
import os
data = os.environ["EM_DATASET_TRAIN"]
print("data:", data, open(data + "/x.csv").read())
open(os.environ["EM_MODEL_DIR"] + "/model.bin", "w").write("model")
step = os.environ["EM_CHECKPOINT_DIR"] + "/step"
print("begins at", open(step).read() if os.path.exists(step) else 0)
open(step, "w").write("1")
open("written.txt", "w").close()
"""


def test_everything_on_nas_needs_no_credentials(nas: Bench) -> None:
    script(nas, ALL)
    result = nas.run()
    assert result.code == 0, result.log
    data = folder(nas, "d")
    assert f"data: {data} 1,2" in result.log
    output = folder(nas, "output")
    assert (output / "model" / "model.bin").read_text() == "model"
    record = nas.read_record(output)
    digest = {"sha256": hashlib.sha256(b"model").hexdigest(), "size": 5}
    assert record["files"] == {"model/model.bin": digest}
    (name,) = (path.stem for path in folder(nas, "checkpoint").glob("*.json"))
    assert (folder(nas, "checkpoint") / name / "step").read_text() == "1"
    # Code was copied: what a script writes beside it stays in the pod.
    assert [path.name for path in folder(nas, "code").iterdir()] == ["train.py"]

    nas.fresh()
    assert "already complete: nas://data:/output/completion.json" in nas.run().log
    (output / "completion.json").unlink()
    nas.fresh()
    assert "begins at 1" in nas.run().log


def test_stale_files_leave_the_output(nas: Bench) -> None:
    stale = folder(nas, "output") / "model" / "stale"
    stale.parent.mkdir()
    stale.write_text("old")
    script(nas, ALL)
    assert nas.run().code == 0
    assert not stale.exists()


def test_file_of_a_nas_lies_in_the_data_sets_folder(nas: Bench) -> None:
    nas.job["datasets"] = {"train": mounted(nas, "d/x.csv")}
    script(nas, ALL)
    result = nas.run()
    assert result.code == 0, result.log
    assert f"data: {nas.home}/run/datasets/train 1,2" in result.log


def test_links_in_code_are_followed(nas: Bench) -> None:
    (folder(nas, "code") / "real.py").write_text("print('linked')")
    (folder(nas, "code") / "train.py").symlink_to("real.py")
    assert "linked" in nas.run().log


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("code", "code"),
        ("datasets", "data set train"),
        ("checkpoint_input", "input checkpoint"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_nothing_on_the_nas_is_named(nas: Bench, part: str, what: str, is_there: bool) -> None:
    # The kubelet makes a missing folder; elsewhere it stays away.
    if is_there:
        folder(nas, "none/deep").mkdir(parents=True)
    nowhere: Any = mounted(nas, "none")
    nas.job[part] = {"train": nowhere} if part == "datasets" else nowhere
    script(nas, ALL)
    result = nas.run()
    assert (result.code, result.sentence) == (
        causes.NOTHING_THERE.code,
        f"nothing under nas://data:/none ({what})",
    )
    assert "running" not in result.log


def test_input_checkpoint_is_used_in_place(nas: Bench) -> None:
    folder(nas, "start").mkdir()
    (folder(nas, "start") / "w").write_text("weights")
    nas.job["checkpoint_input"] = mounted(nas, "start")
    script(nas, "import os; print('input:', os.environ['EM_CHECKPOINT_INPUT_DIR'])")
    assert f"input: {folder(nas, 'start')}" in nas.run().log


def test_input_from_a_run_on_nas_is_its_newest_generation(nas: Bench) -> None:
    script(nas, ALL)
    assert nas.run().code == 0
    nas.fresh()
    nas.job.update(checkpoint_input=nas.job["checkpoint"], checkpoint=None)
    nas.job["output"] = mounted(nas, "other")
    script(nas, "import os; print(os.listdir(os.environ['EM_CHECKPOINT_INPUT_DIR']))")
    result = nas.run()
    assert result.code == 0, result.log
    assert "['step']" in result.log


def test_nas_and_object_storage_in_one_job(bench: Bench) -> None:
    bench.job["stores"]["NAS"] = {"type": "local"}
    folder(bench, "d").mkdir(parents=True)
    (folder(bench, "d") / "x.csv").write_text("on nas")
    bench.server.put("b/d/y.csv", "in a bucket")
    bench.job["datasets"] = {"near": mounted(bench, "d"), "far": place("b/d")}
    bench.script("""
        import os
        print(open(os.environ["EM_DATASET_NEAR"] + "/x.csv").read())
        print(open(os.environ["EM_DATASET_FAR"] + "/y.csv").read())
    """)
    result = bench.run()
    assert result.code == 0, result.log
    assert "on nas\nin a bucket" in result.log
    assert bench.record["status"] == "COMPLETE"


def test_more_than_data_storage_is_refused_before_anything_is_fetched(bench: Bench) -> None:
    bench.script("print('started')")
    bench.server.put("b/d/x.csv", b"x" * 600)
    bench.server.put("b/start/w", b"x" * 300)
    code = (bench.bucket / "code" / "train.py").stat().st_size
    size = code + 600 + 300
    bench.job.update(datasets={"train": place("b/d")}, checkpoint_input=place("b/start"))
    bench.job["data_storage"] = size - 1
    result = bench.run()
    assert (result.code, result.sentence) == (
        causes.DATA_TOO_LARGE.code,
        f"the data is larger than data_storage: {size} of {size - 1} bytes",
    )
    assert not list((bench.home / "run").glob("datasets/train/*"))
    bench.job["data_storage"] = size
    assert "started" in bench.run().log


def test_what_is_mounted_takes_no_data_storage(nas: Bench) -> None:
    nas.job["data_storage"] = 0
    script(nas, ALL)
    assert nas.run().code == 0
