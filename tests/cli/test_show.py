"""`emctl show`: the resolved spec, which loads as the same."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import emctl
from schemas import load, load_any
from tests.schemas import clusters, invalid, specs


def run(*arguments: str) -> Result:
    return CliRunner().invoke(emctl, ["show", *arguments])


def test_prints_what_loads_as_the_same_spec(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(specs.flow(specs.document()))
    result = run(str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    again = tmp_path / "again.yaml"
    again.write_text(result.stdout)
    assert load(again) == load(file)
    assert run(str(again)).stdout == result.stdout
    assert "copy:" not in result.stdout
    assert "  wide:\n" in result.stdout


@pytest.mark.parametrize("whole", [clusters.CLUSTER, clusters.ADDONS], ids=["Cluster", "Addons"])
def test_other_kinds_are_shown(tmp_path: Path, whole: dict[str, Any]) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(specs.flow(whole))
    again = tmp_path / "again.yaml"
    again.write_text(run(str(file)).stdout)
    assert load_any(again) == load_any(file)


def test_wrong_spec_is_refused_with_its_lines() -> None:
    result = run(str(invalid.FOLDER / "empty-file.yaml"))
    assert result.exit_code == 1
    assert str(result.exception).endswith(
        "empty-file.yaml:1:1: the file is empty (it must be a mapping)"
    )
