"""Killed again and again while it uploads: no checkpoint that was kept is lost, none is torn."""

import json
import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from launcher import record

from tests.support.cluster import until
from tests.support.soak import ROUNDS

from .conftest import Bench, place

PARTS = 20
FOLDER = "checkpoints/iris-0a1b2c3d"
PAUSE_SECONDS = 2
# Each step is in all files; those of two steps together are a torn checkpoint. They are replaced
# one by one, so that nothing but the launcher's waiting for a pause keeps them together.
SCRIPT = f"""
    import os, pathlib, time
    folder = pathlib.Path(os.environ["EM_CHECKPOINT_DIR"])
    parts = [folder / f"part{{n}}" for n in range({PARTS})]
    found = sorted({{p.read_text().strip() if p.exists() else "" for p in parts}})
    print("restored", found, flush=True)
    assert len(found) == 1, found
    new = folder.with_name("new")
    new.mkdir()
    for step in range(int(found[0] or 0) + 1, 1_000_000):
        for part in parts:
            (new / part.name).write_text(str(step).ljust(20_000))
        for part in parts:
            (new / part.name).replace(part)
        time.sleep({PAUSE_SECONDS})
"""


def kill(process: "subprocess.Popen[bytes]") -> None:
    """As a container is killed: all at once. Nothing may start between looking and killing."""
    os.kill(process.pid, signal.SIGSTOP)
    for pid in [*below(process.pid), process.pid]:
        os.kill(pid, signal.SIGKILL)


def below(pid: int) -> list[int]:
    """The processes that this one started, and those that they did."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(child) for task in tasks for child in task.read_text().split()]
    return found + [more for child in found for more in below(child)]


def step(folder: Path, name: str) -> int:
    """What a generation in the store holds. It is what its manifest says."""
    files = json.loads((folder / f"{name}.json").read_text())["files"]
    found = {path: digest._asdict() for path, digest in record.digests(str(folder / name)).items()}
    assert found == files
    return int((folder / name / "part0").read_text())


def half_done(folder: Path) -> list[Path]:
    """Generations without a manifest."""
    found = sorted(folder.iterdir())
    closed = {path.stem for path in found if path.suffix == ".json"}
    return [path for path in found if path.is_dir() and path.name not in closed]


@pytest.mark.soak
@pytest.mark.timeout(60 * (ROUNDS + 1))
def test_kills_at_any_moment_lose_and_tear_nothing(bench: Bench) -> None:
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    print(f"seed {seed}, {ROUNDS} kills")  # noqa: T201
    folder = bench.bucket / FOLDER
    bench.job["checkpoint"] = place(f"b/{FOLDER}")
    bench.settings["checkpoint_seconds"] = 0.01
    bench.script(SCRIPT)
    kept, open_ones = 0, 0
    for number in range(ROUNDS + 1):
        before = set(folder.glob("*.json"))
        process = bench.start()
        kept_more = lambda before=before: bool(set(folder.glob("*.json")) - before)  # noqa: E731
        until(kept_more, "a checkpoint", 50)
        longest = 1.5 * PAUSE_SECONDS
        if number % 2:  # in the next upload
            seen = set(folder.iterdir())
            more = lambda seen=seen: bool(set(folder.iterdir()) - seen)  # noqa: E731
            until(more, "an upload", 50)
            longest = 0.2
        moment = moments.uniform(0, longest)
        time.sleep(moment)  # the moment is what is tried
        kill(process)
        log = bench.finish(process).log
        bench.fresh()
        restored = re.search(r"restored \['(\d*)'\]", log)
        assert restored, log
        assert int(restored[1] or 0) >= kept, log
        # What it said that it kept is there.
        said = re.findall(rf"checkpoint (\S+): {PARTS} files", log)
        kept = step(folder, said[-1]) if said else int(restored[1] or 0)
        half = half_done(folder)
        open_ones += len(half)
        files = sum(len(list(path.iterdir())) for path in half)
        print(  # noqa: T201
            f"{number + 1}: began with step {restored[1] or 0}, killed after {moment:.2f} s,"
            f" {kept} kept, {files} files of an open one"
        )
    print(f"{open_ones} were killed in an upload")  # noqa: T201
