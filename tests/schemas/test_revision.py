"""What makes a run another run."""

from pathlib import Path
from typing import Any

import pytest

from schemas.text import Literal
from tests.schemas import specs

Document = dict[str, Any]
UNCHANGED = {
    "description": "other",
    "tags": {"a": "b"},
    "state": "stopped",
    "max_time": "5h",
    "checkpoint_interval": "5m",
    "log_management": True,
    "deletion_protection": True,
}


def revision(folder: Path, spec: Document, name: str = "base") -> str:
    return specs.load_document(folder, spec).trainings[name].revision


@pytest.mark.parametrize("key", UNCHANGED)
def test_what_changes_no_result_keeps_the_revision(tmp_path: Path, key: str) -> None:
    spec = specs.changed(("trainings", "base", key), UNCHANGED[key])
    assert revision(tmp_path, spec) == revision(tmp_path, specs.document())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("hyperparameters", "epochs"), Literal("61")),
        (("hyperparameters", "epochs"), "60"),
        (("hyperparameters", "lr"), Literal("0.0001")),
        (("hyperparameters", "deterministic"), "true"),
        (("hyperparameters", "shuffle"), None),
        (("run",), 2),
        (("instances",), 3),
        (("algorithm", "entry_point"), "other.py"),
        (("experiment",), "wine"),
    ],
)
def test_what_changes_the_run_changes_the_revision(
    tmp_path: Path, path: tuple[str, ...], value: Any
) -> None:
    spec = specs.changed(("trainings", "base", *path), value)
    assert revision(tmp_path, spec) != revision(tmp_path, specs.document())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("built_images", "train"), "registry.example.com/train:2"),
        (("flavors", "m2.c1m2", "memory"), "8Gi"),
        (("images", "train", "python_version"), "3.13"),
        (("limits",), {"max_time": {"max": "10h"}}),
        (("region",), "kr2"),
    ],
)
def test_platform_counts_by_its_names(tmp_path: Path, path: tuple[str, ...], value: Any) -> None:
    spec = specs.changed(("platform", *path), value)
    assert revision(tmp_path, spec) == revision(tmp_path, specs.document())


def test_names_do_not_count_and_copies_are_alike(tmp_path: Path) -> None:
    spec = specs.document()
    spec["trainings"]["again"] = {"copy": "base"}
    found = specs.load_document(tmp_path, spec).trainings
    assert found["again"].revision == found["base"].revision
    assert found["again"].object_name == f"training-again-{found['base'].revision}"


def test_revision_is_fixed(tmp_path: Path) -> None:
    """A release that changes it would train everything again."""
    assert revision(tmp_path, specs.document()) == "4a3e9e9e58"
