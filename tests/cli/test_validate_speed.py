"""How long `emctl validate` takes, start-up included."""

import os
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.validate import spec
from schemas import load

ROOT = Path(__file__).parents[2]


def processor_seconds(file: Path) -> float:
    """Of the whole command: what else the machine does must not fail a test."""
    command = [sys.executable, "-c", "from cli.main import main; main()", "validate", str(file)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_thousand_resources_take_less_than_a_second(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(spec(1000))
    assert min(processor_seconds(file) for _ in range(3)) < 1.0


def test_spec_of_the_measure_has_the_resources_that_it_says(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(spec(1000))
    found = load(file)
    stages = sum(len(endpoint.stages) for endpoint in found.endpoints.values())
    counts = (len(found.trainings), len(found.notebooks), len(found.models), stages)
    assert counts == (400, 200, 200, 200)
