"""The whole way: a file to its resolved workspace."""

from pathlib import Path

import pytest

from schemas import SpecError, load

EXAMPLES = Path(__file__).parents[2] / "examples" / "spec"


def test_full_example_resolves_with_bound_references() -> None:
    workspace = load(EXAMPLES / "full.yaml")
    wide = workspace.trainings["iris-wide"]
    assert wide.image.reference == "easymaker.local/tf:1"
    assert (wide.flavor.cpu, wide.flavor.requests_cpu) == (1000, 100)
    assert {key: value.text for key, value in wide.hyperparameters.items()} == {
        "batch_size": "16",
        "epochs": "60",
        "hidden": "64",
    }
    assert wide.max_time == 7200
    assert workspace.models["iris"].source is workspace.trainings["iris-keras"]


def test_problem_names_file_line_and_column(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("api_version: easymaker/v1\nkind: Workspace\nworkspace: a\nexperiment: {}\n")
    with pytest.raises(SpecError) as caught:
        load(spec)
    assert str(caught.value).splitlines() == [
        f"{spec}:1:1: platform: this key is required",
        f"{spec}:4:1: experiment: unknown key (did you mean 'experiments'?)",
    ]
