"""A run from the job document to the completion record."""

import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from launcher import causes

from tests.support import objects

from .conftest import HOST, LAUNCHER, Bench, place

SAVES_A_MODEL = """
    import json, os, pathlib
    model = pathlib.Path(os.environ["EM_MODEL_DIR"])
    (model / "weights").mkdir()
    (model / "weights" / "w.bin").write_bytes(b"\\0\\1" * 1000)
    (model / "model.txt").write_text("model")
    (model / "metrics.json").write_text(json.dumps({"accuracy": 0.9667, "note": "text"}))
    print("done")
"""


def test_run_ends_with_model_and_record(bench: Bench) -> None:
    bench.script(SAVES_A_MODEL)
    result = bench.run()
    assert result.code == 0, result.log
    assert result.sentence == ""
    record = bench.record
    assert (record["status"], record["training"], record["revision"], record["exit_code"]) == (
        "COMPLETE",
        "iris",
        "0a1b2c3d",
        0,
    )
    assert record["metrics"] == {"accuracy": 0.9667}
    assert list(record["files"]) == [
        "model/metrics.json",
        "model/model.txt",
        "model/weights/w.bin",
    ]
    for name, digest in record["files"].items():
        content = (bench.output / name).read_bytes()
        assert digest == {
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
        }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["started"])
    assert record["started"] <= record["finished"]


def test_complete_revision_runs_nothing_again(bench: Bench) -> None:
    bench.script(SAVES_A_MODEL)
    assert bench.run().code == 0
    before = (bench.output / "completion.json").read_bytes()
    shutil.rmtree(bench.home / "run")
    bench.script("raise SystemExit(9)")
    again = bench.run()
    assert again.code == 0
    assert "already complete" in again.log
    assert (bench.output / "completion.json").read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        '{"status": "COMPLETE", "training": "iris", "revision": "another"}',
        '{"status": "COMP',
        "[]",
        "",
    ],
)
def test_foreign_or_broken_record_does_not_count(bench: Bench, content: str) -> None:
    bench.script(SAVES_A_MODEL)
    bench.server.put("b/results/iris-0a1b2c3d/completion.json", content)
    assert bench.run().code == 0
    assert bench.record["files"]


def test_files_of_a_broken_off_upload_are_removed(bench: Bench) -> None:
    bench.script(SAVES_A_MODEL)
    bench.server.put("b/results/iris-0a1b2c3d/model/stale.bin", "old")
    assert bench.run().code == 0
    assert not (bench.output / "model" / "stale.bin").exists()


def test_empty_model_completes_with_a_warning(bench: Bench) -> None:
    bench.script("print('no model')")
    result = bench.run()
    assert (result.code, result.sentence) == (0, "no model was saved: EM_MODEL_DIR is empty")
    assert result.sentence in result.log
    assert bench.record["files"] == {}


def test_upload_that_fails_says_that_the_script_did_not(bench: Bench, tmp_path: Path) -> None:
    go = tmp_path / "go"
    bench.script(f"""
        import os, time
        open(os.environ["EM_MODEL_DIR"] + "/model.txt", "w").write("model")
        print("waits", flush=True)
        while not os.path.exists({str(go)!r}):
            time.sleep(0.05)
    """)
    bench.job["output"] = place("b/iris-0a1b2c3d", "S1")
    bench.env["RCLONE_LOW_LEVEL_RETRIES"] = "1"
    with objects.serve(tmp_path / "results") as store:
        (store.folder / "b").mkdir()
        bench.job["stores"]["S1"] = {**bench.job["stores"]["S0"], "endpoint": store.endpoint}
        for key in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
            bench.env[f"RCLONE_CONFIG_S1_{key}"] = bench.env[f"RCLONE_CONFIG_S0_{key}"]
        process = bench.start()
        seen = bench.read_until(process, b"waits")
    go.touch()
    result = bench.finish(process, seen)
    assert result.code == causes.UPLOAD_FAILED.code
    assert result.sentence.startswith(
        "train.py ended well, but the upload failed: the storage of "
        f"obs://{HOST}/b/iris-0a1b2c3d/model did not answer for 0 s (model): dial tcp "
    )


def test_launcher_that_is_killed_has_left_a_word(bench: Bench) -> None:
    bench.script("import time; print('waits', flush=True); time.sleep(60)")
    process = bench.start()
    seen = bench.read_until(process, b"waits")
    assert bench.kill(process, seen).sentence == causes.KILLED.sentence


def test_links_in_the_model_are_uploaded_as_files(bench: Bench) -> None:
    bench.script("""
        import os
        model = os.environ["EM_MODEL_DIR"]
        open("kept.txt", "w").write("linked")
        os.symlink(os.path.abspath("kept.txt"), model + "/link.txt")
    """)
    assert bench.run().code == 0
    assert (bench.output / "model" / "link.txt").read_text() == "linked"
    assert bench.record["files"]["model/link.txt"]["size"] == 6


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ('{"a": 1, "b": 2.5, "c": true, "d": "0.9", "e": NaN}', {"a": 1, "b": 2.5}),
        ("[1]", {}),
        ("{", {}),
    ],
)
def test_unusable_metrics_are_named_and_lose_no_model(
    bench: Bench, content: str, kept: dict[str, float]
) -> None:
    bench.script(f"""
        import os
        open(os.environ["EM_MODEL_DIR"] + "/metrics.json", "w").write({content!r})
    """)
    result = bench.run()
    assert result.code == 0
    assert "metrics.json" in result.log
    assert bench.record["metrics"] == kept


def test_missing_entry_point_is_named(bench: Bench) -> None:
    bench.script("", "other.py")
    result = bench.run()
    assert result.code == causes.NO_ENTRY_POINT.code
    assert result.sentence == f"the entry point train.py is not under obs://{HOST}/b/code"


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"version": 1}, "version 1 instead of 3"),
        ({"hyperparameters": {"a": 1}}, "a is no text"),
        ({"datasets": {"../x": place("b/x")}}, "data set name '../x'"),
        ({"output": place("b/x", "S9")}, "obs://objects.test/b/x has no store"),
        ({"code": {"address": "obs://x"}}, "'remote' is missing"),
    ],
)
def test_unusable_document_is_named(bench: Bench, change: dict[str, object], detail: str) -> None:
    bench.job.update(change)
    result = bench.run()
    assert (result.code, result.sentence) == (
        causes.BROKEN_JOB.code,
        f"the job document can't be used: {detail}",
    )


def test_json_lines_carry_the_documented_fields(bench: Bench) -> None:
    bench.job["log_management"] = True
    bench.script("""
        import sys
        print("plain")
        print("50%\\r100%")
        print("WARNING: odd", file=sys.stderr)
        print("x" * 10000)
        sys.stdout.buffer.write(b"\\xff and no end of line")
    """)
    result = bench.run()
    assert result.code == 0
    lines = [json.loads(line) for line in result.log.splitlines()]
    for line in lines:
        assert set(line) == {
            "easymakerAppKey",
            "category",
            "logLevel",
            "body",
            "logType",
            "time",
            "trainingId",
        }
        assert (line["category"], line["logType"]) == ("easymaker.training", "NHNCloud-AIEasyMaker")
        assert (line["easymakerAppKey"], line["trainingId"]) == ("app", "iris-0a1b2c3d")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    bodies = [line["body"] for line in lines]
    assert "plain" in bodies
    assert "100%" in bodies
    assert "\ufffd and no end of line" in bodies
    assert [len(body) for body in bodies if body.startswith("xx")] == [8000, 2000]
    assert {line["body"]: line["logLevel"] for line in lines}["WARNING: odd"] == "WARNING"


def test_plain_log_passes_bytes_through(bench: Bench) -> None:
    bench.script("""
        import sys
        sys.stdout.buffer.write("진행 50%\\r100%".encode())
    """)
    result = bench.run()
    assert "진행 50%\r100%\n[easymaker] " in result.log


def test_the_mounted_folder_is_what_a_pod_starts(bench: Bench) -> None:
    bench.script(SAVES_A_MODEL)
    (bench.home / "job" / "job.json").write_text(json.dumps(bench.job))
    bench.write_settings()
    done = subprocess.run(
        [sys.executable, "-I", str(bench.home / "launcher")],
        env=bench.env,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    assert bench.record["files"]


def test_oldest_supported_python_reads_every_module() -> None:
    for path in LAUNCHER.glob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("name", ["python3.8", "python3.9", "python3.13"])
def test_run_works_on_other_pythons_that_are_here(bench: Bench, name: str) -> None:
    found = shutil.which(name)
    usable = (
        found and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode
    )
    # Where only one Python is installed, the parse above is the proof.
    bench.python = found if found and usable else sys.executable
    bench.script(SAVES_A_MODEL)
    result = bench.run()
    assert result.code == 0, result.log
