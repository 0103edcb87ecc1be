"""The log in storage: whole, bounded, and never the reason that a run ends otherwise."""

import json
from pathlib import Path
from typing import Any

import pytest
from launcher.archive import LAST_PARTS, Parts
from launcher.causes import NO_ENTRY_POINT

from .conftest import Bench, Result, place

LOGS = "system/iris/logs/iris/0a1b2c3d"


def attempts(bench: Bench, instance: int = 0) -> list[Path]:
    return sorted((bench.bucket / LOGS / str(instance)).glob("*"))


def text(attempt: Path) -> str:
    return "".join(part.read_text() for part in sorted(attempt.glob("part-*.log")))


def end(attempt: Path) -> dict[str, Any]:
    found = json.loads((attempt / "end.json").read_text())
    assert isinstance(found, dict)
    return found


def as_in_a_pod(bench: Bench, name: str) -> None:
    (bench.home / "job" / "pod").write_text(name)


@pytest.mark.parametrize("managed", [False, True])
def test_every_attempt_is_archived_as_it_was_printed(bench: Bench, managed: bool) -> None:
    bench.job["log_management"] = managed
    bench.script("print('first'); raise SystemExit(3)")
    as_in_a_pod(bench, "training-iris-0a1b2c3d-0-aaaaa")
    first = bench.run()
    bench.fresh()
    bench.script("print('second')")
    as_in_a_pod(bench, "training-iris-0a1b2c3d-0-bbbbb")
    second = bench.run()
    by_pod = {end(attempt)["pod"]: attempt for attempt in attempts(bench)}
    assert sorted(by_pod) == [f"training-iris-0a1b2c3d-0-{five}" for five in ("aaaaa", "bbbbb")]
    sentences = (
        "train.py exited with code 3: first",
        "no model was saved: EM_MODEL_DIR is empty",
    )
    for result, said, pod in zip((first, second), sentences, sorted(by_pod), strict=True):
        assert text(by_pod[pod]) == result.log
        found = end(by_pod[pod])
        assert (found["exit_code"], found["sentence"]) == (result.code, said)
        assert by_pod[pod].name.endswith(f"Z.{pod}")
        assert found["started"] <= found["finished"]


def test_stopped_and_refused_runs_are_archived(bench: Bench) -> None:
    bench.script("import time; print('going', flush=True); time.sleep(60)")
    stopped = bench.stop_when(b"going")
    assert stopped.code == 143
    (attempt,) = attempts(bench)
    assert text(attempt) == stopped.log
    assert end(attempt)["exit_code"] == 143
    bench.fresh()
    bench.job["entry_point"] = "nothere.py"
    refused = bench.run()
    assert refused.code == NO_ENTRY_POINT.code
    assert refused.log in [text(attempt) for attempt in attempts(bench)]


def test_instances_are_apart(bench: Bench) -> None:
    bench.job["hosts"] = ["localhost", "127.0.0.1"]
    bench.env["JOB_COMPLETION_INDEX"] = "1"
    bench.job["peer_seconds"] = 0
    bench.script("")
    result = bench.run()
    (attempt,) = attempts(bench, 1)
    assert (text(attempt), end(attempt)["instance"]) == (result.log, 1)
    assert attempts(bench, 0) == []


def unkept(bench: Bench) -> Result:
    bench.script("print('fine'); raise SystemExit(7)")
    result = bench.run()
    assert (result.code, result.sentence) == (7, "train.py exited with code 7: fine")
    return result


def test_a_log_that_cant_be_kept_changes_nothing(bench: Bench) -> None:
    bench.job["logs"] = place("nowhere/logs")
    assert "log not kept: the container of obs://" in unkept(bench).log


def test_a_log_that_takes_too_long_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    slow = tmp_path / "rclone"
    real = (bench.home / "bin" / "rclone").resolve()
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in sync*/logs/*) exec sleep 1000;; esac\nexec {real} "$@"\n'
    )
    slow.chmod(0o755)
    (bench.home / "bin" / "rclone").unlink()
    (bench.home / "bin" / "rclone").symlink_to(slow)
    bench.script("import time; print('going', flush=True); time.sleep(60)")
    result = bench.stop_when(b"going")
    assert result.code == 143
    assert attempts(bench) == []


def test_what_is_written_is_in_storage_before_the_end(bench: Bench) -> None:
    bench.job["log_seconds"] = 0.1
    bench.env["LOGS"] = str(bench.bucket / LOGS)
    bench.script("""
        import glob, os, time
        print("so far", flush=True)
        while not any("so far" in open(p).read() for p in glob.glob(os.environ["LOGS"] + "/*/*/*")):
            time.sleep(0.05)
        os.kill(os.getppid(), 9)
    """)
    assert bench.run().code == -9
    (attempt,) = attempts(bench)
    assert "so far\n" in text(attempt)
    assert not (attempt / "end.json").exists()


@pytest.mark.parametrize("end_of_line", [b"\n", b"\r"])
def test_beginning_and_end_of_an_endless_log_stay(tmp_path: Path, end_of_line: bytes) -> None:
    parts = Parts(str(tmp_path), part_bytes=1000)
    lines = [b"line %06d" % number + end_of_line for number in range(10_000)]
    for number in range(0, len(lines), 3):
        parts.write(b"".join(lines[number : number + 3])[:-1])
        parts.write(end_of_line)
    parts.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[0] == "part-000000.log"
    assert len(names) <= LAST_PARTS + 1
    sizes = [(tmp_path / name).stat().st_size for name in names]
    assert sum(sizes) < 2200 * (LAST_PARTS + 1)
    assert (tmp_path / names[0]).read_bytes().startswith(lines[0])
    tail = b"".join((tmp_path / name).read_bytes() for name in names[1:])
    assert b"".join(lines).endswith(tail)
    assert len(tail) > 1000


def test_a_full_disk_ends_no_run(tmp_path: Path) -> None:
    parts = Parts(str(tmp_path / "nowhere"))
    parts.write(b"lost\n")
    assert list(tmp_path.iterdir()) == []
