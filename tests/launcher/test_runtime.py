"""`max_time`: run time of all attempts together, and the end of a run when it is over."""

import json
import time
from typing import Any

import pytest
from launcher import causes
from launcher.processes import Supervisor
from launcher.runtime import RunTime, duration
from launcher.settings import Settings

from .conftest import Bench, place
from .test_distributed import job

ENDLESS = """
    import os, pathlib, signal, sys
    def end(*_):
        pathlib.Path(os.environ["EM_CHECKPOINT_DIR"], "step").write_text("7")
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    print("runs", flush=True)
    while True:
        signal.pause()
"""
RECORD = {"version": 1, "training": "iris", "revision": "0a1b2c3d"}


def written(bench: Bench) -> dict[str, Any]:
    data = json.loads((bench.output / "run-time.json").read_text())
    assert isinstance(data, dict)
    return data


def test_endless_script_ends_with_its_last_checkpoint(bench: Bench) -> None:
    bench.job["checkpoint"] = place("b/checkpoints")
    bench.script(ENDLESS)
    process = bench.start()
    seen = bench.read_until(process, b"runs")
    # Now that the script is there to hear it, however long that took.
    bench.settings["max_time_seconds"] = 1
    bench.write_settings()
    result = bench.finish(process, seen)
    assert (result.code, result.sentence) == (causes.TIME_OVER.code, "max_time of 1s is over")
    assert [file.read_text() for file in (bench.bucket / "checkpoints").glob("*/step")] == ["7"]
    assert not (bench.output / "completion.json").exists()


def test_deaf_script_is_killed_after_the_grace(bench: Bench) -> None:
    bench.settings["max_time_seconds"] = 1
    bench.job["grace_seconds"] = 1
    bench.script("""
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
    """)
    assert bench.run().code == causes.TIME_OVER.code


def test_attempts_add_up_and_a_stop_goes_on_counting(bench: Bench) -> None:
    bench.script(ENDLESS)
    begin = time.monotonic()
    assert bench.stop_when(b"runs").code == causes.STOPPED.code
    first = written(bench)["seconds"]
    assert 0 < first <= time.monotonic() - begin
    assert written(bench) == {**RECORD, "seconds": first}
    bench.fresh()
    assert bench.stop_when(b"runs").code == causes.STOPPED.code
    assert written(bench)["seconds"] > first

    bench.fresh()
    bench.server.put(
        "b/results/iris-0a1b2c3d/run-time.json", json.dumps({**RECORD, "seconds": 3600})
    )
    result = bench.run()
    assert result.sentence == "max_time of 1h is over"
    assert written(bench)["seconds"] >= 3600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        json.dumps({**RECORD, "seconds": "x"}),
        json.dumps({**RECORD, "revision": "other", "seconds": 9999}),
    ],
)
def test_what_is_not_its_own_does_not_count(bench: Bench, content: str) -> None:
    bench.server.put("b/results/iris-0a1b2c3d/run-time.json", content)
    bench.script("")
    assert bench.run().code == 0


def test_killed_run_loses_no_more_than_an_interval(bench: Bench) -> None:
    bench.settings["checkpoint_seconds"] = 0.1
    bench.script("""
        import os, pathlib, time
        launcher = os.getppid()
        file = pathlib.Path("../../../objects/b/results/iris-0a1b2c3d/run-time.json")
        while not file.exists():
            time.sleep(0.02)
        print("kept", flush=True)
        while os.getppid() == launcher:
            time.sleep(0.02)
    """)
    process = bench.start()
    assert process.stdout is not None
    while b"kept" not in process.stdout.readline():
        pass
    bench.kill(process)
    assert written(bench)["seconds"] > 0


def test_change_reaches_a_run_that_goes_on(bench: Bench) -> None:
    bench.script(ENDLESS)
    process = bench.start()
    assert process.stdout is not None
    seen = b""
    while b"runs" not in seen:
        seen += process.stdout.readline()
    bench.settings["max_time_seconds"] = 0.5
    bench.write_settings()
    assert bench.finish(process, seen).sentence == "max_time of 0.5s is over"


@pytest.mark.parametrize("attempts", [1, 2])
def test_complete_run_leaves_no_run_time(bench: Bench, attempts: int) -> None:
    if attempts == 2:
        bench.script(ENDLESS)
        assert bench.stop_when(b"runs").code == causes.STOPPED.code
        assert (bench.output / "run-time.json").exists()
        bench.fresh()
    bench.script("")
    assert bench.run().code == 0
    assert [file.name for file in bench.output.iterdir()] == ["completion.json"]


@pytest.mark.parametrize(
    "settings",
    [{}, {"max_time_seconds": 1}, {"max_time_seconds": "x", "checkpoint_seconds": 1}],
)
def test_unusable_settings_are_named(bench: Bench, settings: dict[str, Any]) -> None:
    bench.script("")
    bench.settings = settings
    result = bench.run()
    assert result.code == causes.BROKEN_JOB.code
    assert "settings.json" in result.sentence


def test_last_good_settings_count(bench: Bench) -> None:
    bench.write_settings()
    file = bench.home / "settings" / "settings.json"
    settings = Settings(str(file))
    good = settings.now()
    file.write_text("{")
    assert settings.now() == good == (3600, 60)
    file.unlink()
    assert settings.now() == good


def test_what_is_left_out_does_not_count(bench: Bench) -> None:
    bench.write_settings()
    settings = Settings(str(bench.home / "settings" / "settings.json"))
    counted = RunTime(job("", []), settings, Supervisor.__new__(Supervisor))
    begin = time.monotonic()
    with counted.left_out():
        before = counted.seconds
        while time.monotonic() < begin + 0.1:
            assert counted.seconds == before
    assert before <= counted.seconds < before + (time.monotonic() - begin) - 0.09


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(7200, "2h"), (86_400, "1d"), (5400, "90m"), (90, "90s"), (0.5, "0.5s")],
)
def test_durations_read_as_in_the_spec(seconds: float, text: str) -> None:
    assert duration(seconds) == text
