"""Event files, kept while the script runs."""

from .conftest import Bench, place

WRITES_EVENTS = """
    import os, pathlib, sys, time
    folder = pathlib.Path(os.environ["EM_TENSORBOARD_LOG_DIR"]) / "train"
    folder.mkdir()
    file = (folder / "events.out").open("ab", buffering=0)
    file.write(b"first ")
    kept = pathlib.Path(os.environ["EM_HP_KEPT"]) / "train" / "events.out"
    deadline = time.monotonic() + 20
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    print("seen:", kept.read_text(), flush=True)
    file.write(b"second")
"""


def test_event_files_are_kept_while_it_runs_and_at_the_end(bench: Bench) -> None:
    bench.job.update(hyperparameters={"kept": str(bench.events)}, tensorboard_seconds=0.1)
    bench.script(WRITES_EVENTS)
    result = bench.run()
    assert result.code == 0, result.log
    assert "seen: first " in result.log
    assert (bench.events / "train" / "events.out").read_text() == "first second"


def test_events_of_an_earlier_attempt_stay(bench: Bench) -> None:
    bench.server.put("b/system/iris/tensorboard/e/iris-0a1b2c3d/train/events.1", "earlier")
    bench.script(
        "import os; open(os.environ['EM_TENSORBOARD_LOG_DIR'] + '/events.2', 'w').write('2')"
    )
    assert bench.run().code == 0
    names = sorted(path.name for path in bench.events.rglob("events.*"))
    assert names == ["events.1", "events.2"]


def test_events_that_cannot_be_kept_cost_a_warning(bench: Bench) -> None:
    bench.job.update(tensorboard=place("missing/events"), tensorboard_seconds=0.05)
    bench.script("""
        import os, time
        for number in range(40):
            open(os.environ["EM_TENSORBOARD_LOG_DIR"] + "/events", "a").write("x")
            time.sleep(0.05)
    """)
    result = bench.run()
    assert result.code == 0, result.log
    warning = (
        "TensorBoard events not kept: "
        "the container of obs://objects.test/missing/events does not exist (TensorBoard events)"
    )
    # Once when it begins, and for the last time.
    assert result.log.count(warning) == 2
    assert bench.record["status"] == "COMPLETE"


def test_without_events_nothing_is_written(bench: Bench) -> None:
    bench.job["tensorboard"] = place("missing/events")
    bench.script("")
    assert "WARNING" not in bench.run().log
