"""`emctl schema`: writes, compares, prints."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import emctl
from schemas.json_schema import json_schema
from schemas.reference import reference
from tests.schemas import specs

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(emctl, ["schema", *arguments])


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_writes_once_and_then_is_up_to_date(tmp_path: Path) -> None:
    assert run("--check", "s.json").exit_code == 1
    first = run("s.json", "--reference", "page.md")
    assert (first.exit_code, first.stdout) == (0, "")
    assert first.stderr == "wrote s.json\nwrote page.md\n"
    assert json.loads((tmp_path / "s.json").read_text()) == json_schema()
    assert run("s.json", "--reference", "page.md").stderr == ""
    assert run("--check", "s.json", "--reference", "page.md").exit_code == 0


def test_check_names_the_stale_file_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{}")
    result = run("--check", "s.json")
    assert result.exit_code == 1
    assert result.stderr == "emctl: s.json is not up to date (run `emctl schema s.json`)\n"
    assert (tmp_path / "s.json").read_text() == "{}"


def test_dash_prints() -> None:
    result = run("-")
    assert json.loads(result.stdout) == json_schema()
    assert result.stderr == ""


def test_ranges_of_a_platform(tmp_path: Path) -> None:
    spec = specs.changed(("platform", "limits"), {"instances": {"max": 20}})
    (tmp_path / "spec.yaml").write_text(specs.flow(spec))
    made = json.loads(run("-", "--limits-of", "spec.yaml").stdout)
    assert made["$defs"]["Training"]["properties"]["instances"]["maximum"] == 20


def test_folder_that_is_missing_is_one_sentence() -> None:
    result = run("nowhere/s.json")
    assert result.exit_code == 1
    assert (
        result.stderr == "Error: Could not open file 'nowhere/s.json': no such file or directory\n"
    )


def test_generated_files_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run("--check", "--reference", "docs/reference/spec.md")
    assert result.exit_code == 0, result.stderr


def test_reference_links_lead_somewhere() -> None:
    page = reference()
    headings = {line[3:].lower() for line in page.splitlines() if line.startswith("## ")}
    links = {part.partition(")")[0] for part in page.split("](#")[1:]}
    assert links
    assert links <= headings
