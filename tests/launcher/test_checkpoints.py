"""Checkpoints: kept while the script runs, found again by the next attempt."""

import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from launcher import causes, checkpoints, record
from launcher.layout import Layout

from .conftest import HOST, Bench, place

NAME = re.compile(r"\d{6}-\d{8}T\d{6}Z")
COUNTS_ON = """
    import os, pathlib, sys
    folder = pathlib.Path(os.environ["EM_CHECKPOINT_DIR"])
    step = folder / "step.txt"
    before = int(step.read_text()) if step.exists() else 0
    print("begins at", before, flush=True)
    step.write_text(str(before + 1))
    (folder / "deep").mkdir(exist_ok=True)
    (folder / "deep" / "weights.bin").write_bytes(b"w" * 1000)
"""


@pytest.fixture
def kept(bench: Bench) -> Bench:
    bench.job["checkpoint"] = place("b/checkpoints/iris-0a1b2c3d")
    bench.job["hyperparameters"] = {"kept": str(folder(bench))}
    bench.script(COUNTS_ON)
    return bench


def folder(bench: Bench) -> Path:
    return bench.bucket / "checkpoints" / "iris-0a1b2c3d"


def generations(bench: Bench) -> list[str]:
    """Names of the closed ones."""
    return sorted(path.stem for path in folder(bench).glob("*.json"))


def again(bench: Bench, script: str = COUNTS_ON) -> str:
    """The log of one more attempt, which finds no result of the one before."""
    bench.job["output"] = place(f"b/results/{time.monotonic_ns()}")
    if (bench.home / "run").exists():
        bench.fresh()
    bench.script(script)
    result = bench.run()
    assert result.code == 0, result.log
    return result.log


def test_generation_is_a_folder_and_its_manifest(kept: Bench) -> None:
    again(kept)
    (name,) = generations(kept)
    assert NAME.fullmatch(name)
    assert name.startswith("000001-")
    files = {
        path: (folder(kept) / name / path).read_bytes() for path in ("step.txt", "deep/weights.bin")
    }
    manifest = json.loads((folder(kept) / f"{name}.json").read_text())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", manifest.pop("written"))
    assert manifest == {
        "version": 1,
        "training": "iris",
        "revision": "0a1b2c3d",
        "files": {
            path: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for path, content in files.items()
        },
    }
    assert sorted(path.name for path in folder(kept).iterdir()) == [name, f"{name}.json"]


def test_next_attempt_goes_on_and_the_oldest_leave(kept: Bench) -> None:
    for number in range(4):
        log = again(kept)
        assert f"begins at {number}" in log
    names = generations(kept)
    assert [name[:6] for name in names] == ["000003", "000004"]
    assert sorted(path.name for path in folder(kept).iterdir() if path.is_dir()) == names
    assert (folder(kept) / names[1] / "deep" / "weights.bin").stat().st_size == 1000


def test_nothing_new_is_no_generation(kept: Bench) -> None:
    again(kept)
    before = generations(kept)
    assert "going on from checkpoint 000001-" in again(kept, "print('nothing')")
    assert generations(kept) == before


def test_kept_while_it_runs(kept: Bench) -> None:
    kept.settings["checkpoint_seconds"] = 0.1
    log = again(
        kept,
        """
        import os, pathlib, time
        kept = pathlib.Path(os.environ["EM_HP_KEPT"])
        pathlib.Path(os.environ["EM_CHECKPOINT_DIR"], "a").write_text("1")
        deadline = time.monotonic() + 20
        while not list(kept.glob("*.json")) and time.monotonic() < deadline:
            time.sleep(0.02)
        print("kept:", len(list(kept.glob("*.json"))))
        """,
    )
    assert "kept: 1" in log
    assert len(generations(kept)) == 1


def test_failed_run_leaves_its_last_checkpoint(kept: Bench) -> None:
    kept.script(f"{COUNTS_ON}\n    sys.exit(3)")
    assert kept.run().code == 3
    assert len(generations(kept)) == 1
    assert "begins at 1" in again(kept)


def test_stopped_run_saves_what_it_wrote_on_the_signal(kept: Bench) -> None:
    kept.script("""
        import os, pathlib, signal, sys
        def end(*_):
            pathlib.Path(os.environ["EM_CHECKPOINT_DIR"], "step.txt").write_text("7")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("waits", flush=True)
        signal.pause()
    """)
    assert kept.stop_when(b"waits").code == causes.STOPPED.code
    assert len(generations(kept)) == 1
    assert "begins at 7" in again(kept)


def test_last_sync_ends_before_the_pod_is_killed(kept: Bench) -> None:
    kept.job["grace_seconds"] = 2
    kept.job["stores"]["S1"] = {**kept.job["stores"]["S0"], "endpoint": "http://127.0.0.1:1"}
    for key in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        kept.env[f"RCLONE_CONFIG_S1_{key}"] = kept.env[f"RCLONE_CONFIG_S0_{key}"]
    # Nobody answers there, and it would be asked again for longer than there is time.
    kept.job["retry_seconds"]["S1"] = 900
    kept.job["tensorboard"] = place("b/events", "S1")
    kept.script("""
        import os, time
        open(os.environ["EM_TENSORBOARD_LOG_DIR"] + "/events", "w").write("x")
        print("waits", flush=True)
        time.sleep(600)
    """)
    begin = time.monotonic()
    result = kept.stop_when(b"waits")
    assert result.code == causes.STOPPED.code
    assert time.monotonic() - begin < kept.job["retry_seconds"]["S1"] / 10
    assert "TensorBoard events not kept: stopped before it ended" in result.log


def broken_file(bench: Bench, name: str) -> None:
    bench.rclone("rcat", at(name) + "/step.txt", content="8")


def missing_file(bench: Bench, name: str) -> None:
    bench.rclone("deletefile", at(name) + "/deep/weights.bin")


def broken_manifest(bench: Bench, name: str) -> None:
    bench.rclone("rcat", at(name) + ".json", content="{")


def no_manifest(bench: Bench, name: str) -> None:
    bench.rclone("deletefile", at(name) + ".json")


def at(name: str) -> str:
    return f"S0:b/checkpoints/iris-0a1b2c3d/{name}"


@pytest.mark.parametrize(
    ("damage", "warning"),
    [
        (broken_file, "is not what its manifest says"),
        (missing_file, "is not what its manifest says"),
        (broken_manifest, "its manifest can't be read"),
        (no_manifest, ""),
    ],
)
def test_newest_that_verifies_is_restored(kept: Bench, damage: Any, warning: str) -> None:
    again(kept)
    again(kept)
    first, second = generations(kept)
    damage(kept, second)
    log = again(kept)
    assert warning in log
    assert f"going on from checkpoint {first}" in log
    assert "begins at 1" in log
    # The broken one counts for nothing: the older stays as the second.
    names = generations(kept)
    assert (names[0], names[1][:6]) == (first, "000003")
    assert sorted(path.name for path in folder(kept).iterdir() if path.is_dir()) == names


def test_none_that_verifies_begins_anew(kept: Bench) -> None:
    again(kept)
    broken_file(kept, generations(kept)[0])
    log = again(kept)
    assert "begins at 0" in log
    assert [name[:6] for name in generations(kept)] == ["000002"]


def test_storage_that_is_lost_costs_checkpoints_and_no_model(kept: Bench) -> None:
    kept.server.put("c/other", "x")
    kept.job["checkpoint"] = place("c/checkpoints")
    kept.job["hyperparameters"] = {"bucket": str(kept.server.folder / "c")}
    kept.script("""
        import os, shutil
        open(os.environ["EM_CHECKPOINT_DIR"] + "/a", "w").write("1")
        open(os.environ["EM_MODEL_DIR"] + "/a", "w").write("1")
        shutil.rmtree(os.environ["EM_HP_BUCKET"])
        open(os.environ["EM_HP_BUCKET"], "w").close()
    """)
    result = kept.run()
    assert result.code == 0, result.log
    assert "checkpoint not kept: " in result.log
    assert list(kept.record["files"]) == ["model/a"]


def test_missing_container_is_named_before_the_script(kept: Bench) -> None:
    kept.job["checkpoint"] = place("missing/checkpoints")
    result = kept.run()
    assert (result.code, result.sentence) == (
        causes.NO_BUCKET.code,
        f"the container of obs://{HOST}/missing/checkpoints does not exist (checkpoint)",
    )
    assert "begins at" not in result.log


SHOWS_INPUT = """
    import os, pathlib
    top = pathlib.Path(os.environ["EM_CHECKPOINT_INPUT_DIR"])
    print("input:", sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file()))
    print("step:", [p.read_text() for p in top.glob("step.txt")])
"""


def test_input_from_another_run_is_its_newest_whole_generation(kept: Bench) -> None:
    for _ in range(2):
        again(kept)
    broken_file(kept, generations(kept)[1])
    kept.rclone("rcat", at("README"), content="a person's own")
    kept.job["checkpoint_input"] = kept.job["checkpoint"]
    kept.job["checkpoint"] = None
    log = again(kept, SHOWS_INPUT)
    assert "input: ['deep/weights.bin', 'step.txt']" in log
    assert "step: ['1']" in log


def test_input_without_a_whole_generation_is_named(kept: Bench) -> None:
    again(kept)
    no_manifest(kept, generations(kept)[0])
    kept.job["checkpoint_input"] = kept.job["checkpoint"]
    kept.job["output"] = place("b/results/other")
    result = kept.run()
    assert (result.code, result.sentence) == (
        causes.NO_CHECKPOINT.code,
        f"no whole checkpoint under obs://{HOST}/b/checkpoints/iris-0a1b2c3d (input checkpoint)",
    )


# --- snapshots --------------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "checkpoint"
    (source / "deep").mkdir(parents=True)
    (source / "model.bin").write_bytes(b"m" * 10)
    (source / "deep" / "state").write_text("s")
    return source


def changing(monkeypatch: pytest.MonkeyPatch, path: Path, times: int) -> None:
    """Change `path` as often after it was copied, while the rest is."""
    whole = checkpoints._copy
    left = [times]

    def copy(directory: str, target: str, name: str) -> Any:
        found = whole(directory, target, name)
        if left[0] and name == path.name:
            left[0] -= 1
            path.write_bytes(path.read_bytes() + b"+")
        return found

    monkeypatch.setattr(checkpoints, "_copy", copy)


def test_snapshot_is_the_folder(source: Path, tmp_path: Path) -> None:
    (source / "link").symlink_to("model.bin")
    target = tmp_path / "snapshot"
    found = checkpoints.snapshot(str(source), str(target), set())
    assert found == record.digests(str(target)) == record.digests(str(source))
    assert list(found or ()) == ["deep/state", "link", "model.bin"]
    assert (target / "model.bin").stat().st_mtime_ns == (source / "model.bin").stat().st_mtime_ns


def test_new_file_that_is_being_written_waits_for_the_next(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing(monkeypatch, source / "model.bin", 1)
    target = tmp_path / "snapshot"
    found = checkpoints.snapshot(str(source), str(target), {"deep/state"})
    assert list(found or ()) == ["deep/state"]
    assert found == record.digests(str(target))


def test_known_file_that_changes_is_read_again_with_the_rest(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing(monkeypatch, source / "model.bin", 2)
    target = tmp_path / "snapshot"
    found = checkpoints.snapshot(str(source), str(target), {"model.bin"})
    assert found == record.digests(str(target)) == record.digests(str(source))


def test_file_that_never_rests_counts_when_its_copy_is_whole(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing(monkeypatch, source / "model.bin", 99)
    target = tmp_path / "snapshot"
    found = checkpoints.snapshot(str(source), str(target), {"model.bin"})
    assert list(found or ()) == ["deep/state", "model.bin"]
    assert found == record.digests(str(target))


def test_torn_file_counts_never(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(path: str) -> Any:
        if path.endswith("model.bin") and str(source) in path:
            os.utime(path)  # as a write would, between looking before and looking after
        return state(path)

    state = checkpoints._state
    monkeypatch.setattr(checkpoints, "_state", torn)
    target = str(tmp_path / "snapshot")
    assert list(checkpoints.snapshot(str(source), target, set()) or ()) == ["deep/state"]
    assert checkpoints.snapshot(str(source), target, {"model.bin"}) is None


def test_a_checkpoint_is_taken_at_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two files of one, the script gets the time for the other."""
    layout = Layout(str(tmp_path))
    layout.create()
    kept = checkpoints.Checkpoints(Mock(), Mock(), layout, Mock())
    uploaded: list[list[str]] = []
    monkeypatch.setattr(kept, "_upload", lambda files: uploaded.append(sorted(files)))
    left = ["b", "c"]
    (Path(layout.checkpoint) / "a").touch()

    def is_over(_seconds: float) -> bool:
        if left:
            (Path(layout.checkpoint) / left.pop(0)).touch()
        return False

    kept.save(is_over)
    assert uploaded == [["a", "b", "c"]]


def test_a_checkpoint_that_never_rests_is_taken_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(str(tmp_path))
    layout.create()
    kept = checkpoints.Checkpoints(Mock(), Mock(), layout, Mock())
    uploaded: list[int] = []
    monkeypatch.setattr(kept, "_upload", lambda files: uploaded.append(len(files)))
    (Path(layout.checkpoint) / "0").touch()
    waited: list[float] = []

    def is_over(seconds: float) -> bool:
        waited.append(seconds)
        (Path(layout.checkpoint) / str(len(waited))).touch()
        return False

    kept.save(is_over)
    assert sum(waited) == 10
    assert uploaded == [11]
