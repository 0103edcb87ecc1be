"""Processes that stay, that will not end, that end badly."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from launcher import causes

from .conftest import Bench

SECONDS = 100
"""A run with a script of no length ends long before what the script left behind, also on a busy
machine."""


def alive(file: Path) -> list[int]:
    """The pids that a script wrote into `file`, of those that still run."""
    return [int(pid) for pid in file.read_text().split() if Path(f"/proc/{pid}").exists()]


def quick(bench: Bench) -> "tuple[int, str, str]":
    begin = time.monotonic()
    result = bench.run()
    assert time.monotonic() - begin < SECONDS, result.log
    return result.code, result.sentence, result.log


def test_sleeper_that_holds_the_output_does_not_hold_the_run(bench: Bench, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    bench.script(f"""
        import subprocess
        child = subprocess.Popen(["sleep", "600"])
        open({str(pids)!r}, "w").write(str(child.pid))
    """)
    code, _, log = quick(bench)
    assert code == 0
    assert "1 processes that it left behind were ended" in log
    assert alive(pids) == []


def test_daemon_in_a_session_of_its_own_is_ended(bench: Bench, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    bench.script(f"""
        import os, signal, time
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                open({str(pids)!r}, "w").write(str(os.getpid()))
                os.write(write, b"x")
                time.sleep(600)
            os._exit(0)
        os.read(read, 1)
    """)
    code, _, _ = quick(bench)
    assert code == 0
    assert alive(pids) == []


def test_five_hundred_orphans_are_reaped_while_it_runs(bench: Bench) -> None:
    bench.script("""
        import os, time
        for _ in range(500):
            if os.fork() == 0:
                if os.fork() == 0:
                    os._exit(0)
                os._exit(0)
            os.wait()
        launcher = os.getppid()
        def zombies():
            found = 0
            for name in filter(str.isdigit, os.listdir("/proc")):
                try:
                    state, parent = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()[:2]
                except OSError:
                    continue
                found += state == "Z" and int(parent) == launcher
            return found
        deadline = time.monotonic() + 5
        while zombies() and time.monotonic() < deadline:
            time.sleep(0.05)
        print("zombies left:", zombies())
    """)
    code, _, log = quick(bench)
    assert code == 0
    assert "zombies left: 0" in log


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        ("sys.exit(3)", 3, "train.py exited with code 3: last words"),
        ("os._exit(255)", 255, "train.py exited with code 255: last words"),
        ("raise ValueError('bad')", 1, "train.py exited with code 1: ValueError: bad"),
        (
            "os.kill(os.getpid(), 11)",
            139,
            "train.py was ended by signal 11 (SIGSEGV): last words",
        ),
        (
            "os.kill(os.getpid(), 9)",
            137,
            "train.py was ended by signal 9 (SIGKILL): last words",
        ),
    ],
)
def test_code_of_the_script_is_passed_on(bench: Bench, line: str, code: int, sentence: str) -> None:
    bench.script(f"""
        import os, sys
        print("last words")
        print()
        sys.stdout.flush()
        {line}
    """)
    assert quick(bench)[:2] == (code, sentence)
    assert not (bench.output / "completion.json").exists()


def test_failure_in_a_thread_is_not_the_scripts(bench: Bench) -> None:
    bench.script("""
        import threading
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    """)
    code, _, log = quick(bench)
    assert code == 0
    assert "ZeroDivisionError" in log


def test_stop_reaches_all_and_names_itself(bench: Bench) -> None:
    bench.server.put(
        "b/code/child.py",
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('child got it', flush=True)))\n"
        "print('child waits', flush=True)\n"
        "time.sleep(600)\n",
    )
    bench.script("""
        import signal, subprocess, sys
        child = subprocess.Popen([sys.executable, "child.py"])
        def end(*_):
            print("script got it", flush=True)
            child.wait()
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        child.wait()
    """)
    result = bench.stop_when(b"child waits")
    assert (result.code, result.sentence) == (causes.STOPPED.code, "stopped before it ended")
    assert "script got it" in result.log
    assert "child got it" in result.log
    assert not (bench.output / "completion.json").exists()


def test_who_ignores_the_stop_is_killed_after_the_grace(bench: Bench) -> None:
    bench.job["grace_seconds"] = 1
    bench.script("""
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        time.sleep(600)
    """)
    begin = time.monotonic()
    result = bench.stop_when(b"deaf")
    assert result.code == causes.STOPPED.code
    assert 1 <= time.monotonic() - begin < SECONDS


def test_stop_while_the_model_is_kept_lets_it_finish(bench: Bench) -> None:
    bench.script("""
        import os
        for number in range(200):
            open(f"{os.environ['EM_MODEL_DIR']}/{number}", "wb").write(os.urandom(100_000))
    """)
    result = bench.stop_when(b"train.py ended with 0")
    assert result.code == 0, result.log
    assert len(bench.record["files"]) == 200


def test_outside_a_container_nobody_elses_process_is_touched(bench: Bench) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        bench.script("")
        assert quick(bench)[0] == 0
        assert other.poll() is None
    finally:
        other.communicate(b"\n", timeout=10)
    assert os.path.exists("/proc/self")
