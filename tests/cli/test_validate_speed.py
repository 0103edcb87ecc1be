"""What `emctl validate` does more of when the spec grows; how long it takes is a benchmark."""

import cProfile
import pstats
from pathlib import Path

from benchmarks.validate import spec
from schemas import load


def calls(file: Path) -> int:
    """How many functions are called while a spec is read: the same number on any machine."""
    profile = cProfile.Profile()
    profile.runcall(load, file)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_work_grows_with_the_spec_and_no_faster(tmp_path: Path) -> None:
    few, many = tmp_path / "few.yaml", tmp_path / "many.yaml"
    few.write_text(spec(100))
    many.write_text(spec(1000))
    load(few)  # what is done once in a process counts for neither
    assert calls(many) < 10 * calls(few)


def test_spec_of_the_measure_has_the_resources_that_it_says(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(spec(1000))
    found = load(file)
    stages = sum(len(endpoint.stages) for endpoint in found.endpoints.values())
    counts = (len(found.trainings), len(found.notebooks), len(found.models), stages)
    assert counts == (400, 200, 200, 200)
