"""`emctl validate`, as a user calls it."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import emctl
from tests.schemas import invalid, specs

SARIF_VERSION = "2.1.0"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(emctl, ["validate", *arguments])


@pytest.fixture(name="valid")
def _valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "valid.yaml"
    file.write_text(specs.flow(specs.document()))
    return file


def test_valid_spec_is_named_with_its_contents(valid: Path) -> None:
    result = run(valid.name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "valid.yaml: valid, workspace team with 2 experiments, 2 trainings, 2 models, 1 endpoint,"
        " 1 notebook\n"
    )


def test_wrong_spec_gives_lines_on_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(invalid.FOLDER)
    result = run("all-at-once.yaml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (invalid.FOLDER / "all-at-once.txt").read_text()


def test_several_files_are_all_checked(valid: Path) -> None:
    Path("one.yaml").write_text("kind: Workspace\n")
    result = run("one.yaml", valid.name, "gone.yaml")
    assert result.exit_code == 1
    assert result.stdout.startswith("valid.yaml: valid")
    assert result.stderr == (
        "one.yaml:1:1: api_version: this key is required\n"
        "one.yaml:1:1: workspace: this key is required\n"
        "one.yaml:1:1: platform: this key is required\n"
        "gone.yaml:1:1: the file does not exist\n"
    )


def test_problem_of_a_file_that_two_include_is_told_once(tmp_path: Path, valid: Path) -> None:
    Path("shared.yaml").write_text("experiments: {Wrong: {}}\n")
    for name in ("one.yaml", "two.yaml"):
        text = specs.flow({**specs.document(), "experiments": {"iris": {}, "wine": {}}})
        Path(name).write_text(f"{text[:-1]}, include: [shared.yaml]}}\n")
    result = run("one.yaml", "two.yaml")
    assert result.stderr.count("shared.yaml:1:15: experiments.Wrong") == 1


@pytest.mark.parametrize("arguments", [(), ("--format", "xml", "a.yaml"), ("--fast", "a.yaml")])
def test_wrong_call_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_json_is_for_machines(monkeypatch: pytest.MonkeyPatch, valid: Path) -> None:
    monkeypatch.chdir(invalid.FOLDER)
    result = run("--format", "json", "duplicate-key-included.yaml")
    assert result.exit_code == 1
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "valid": False,
        "issues": [
            {
                "rule": "duplicate-key",
                "file": "base/team.yaml",
                "line": 3,
                "column": 3,
                "path": "experiments.iris",
                "message": "this key is declared twice, first at duplicate-key-included.yaml:6:3",
                "hint": "remove one",
                "related": [{"file": "duplicate-key-included.yaml", "line": 6, "column": 3}],
            }
        ],
    }
    assert json.loads(run("--format", "json", str(valid)).stdout) == {"valid": True, "issues": []}


def test_sarif_has_rules_places_and_related_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(invalid.FOLDER)
    result = run("--format", "sarif", "duplicate-key-included.yaml")
    assert result.exit_code == 1
    log = json.loads(result.stdout)
    assert log["version"] == SARIF_VERSION
    (only,) = log["runs"]
    assert only["tool"]["driver"]["name"] == "emctl"
    assert only["tool"]["driver"]["rules"] == [
        {
            "id": "duplicate-key",
            "shortDescription": {"text": "A key is declared once, in all files together."},
        }
    ]
    (found,) = only["results"]
    assert (found["ruleId"], found["ruleIndex"], found["level"]) == ("duplicate-key", 0, "error")
    assert found["message"]["text"].startswith("experiments.iris: this key is declared twice")
    assert _place(found["locations"][0]) == ("base/team.yaml", 3, 3)
    assert _place(found["relatedLocations"][0]) == ("duplicate-key-included.yaml", 6, 3)


def _place(location: dict[str, Any]) -> tuple[str, int, int]:
    physical = location["physicalLocation"]
    region = physical["region"]
    return physical["artifactLocation"]["uri"], region["startLine"], region["startColumn"]


def on_a_terminal(*arguments: str, cwd: Path) -> str:
    """What the real command writes to a terminal."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-c", "from cli.main import main; main()", "validate", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=follower, stderr=follower, stdin=follower
    )
    os.close(follower)
    output = b""
    try:
        while chunk := os.read(leader, 65536):
            output += chunk
    except OSError:  # the other end is closed
        pass
    process.wait()
    os.close(leader)
    return re.sub(r"\x1b\[[0-9;]*m", "", output.decode()).replace("\r\n", "\n")


def test_terminal_shows_the_line_and_a_caret() -> None:
    shown = on_a_terminal("unknown-key.yaml", cwd=invalid.FOLDER)
    assert shown.startswith(
        "unknown-key.yaml:5:1: experimnts: unknown key (did you mean 'experiments'?)\n"
        "    5 | experimnts: {}\n"
        "      | ^\n"
    )
    assert shown.endswith("problems\n")


def test_terminal_shows_no_line_with_a_secret() -> None:
    shown = on_a_terminal(
        "credentials-in-clear.yaml", "credentials-in-clear-forms.yaml", cwd=invalid.FOLDER
    )
    assert "a credential is named, never written" in shown
    for secret in ("AKIA", "12345678", "hunter2", "hun/ter2", "HUNTER2"):
        assert secret not in shown


def test_validate_imports_no_pulumi(valid: Path) -> None:
    program = (
        "import sys; from cli.main import emctl;"
        f"emctl(['validate', {str(valid)!r}], standalone_mode=False);"
        "sys.exit(any(name.partition('.')[0] in ('pulumi', 'grpc', 'tools.toolchain')"
        " for name in sys.modules))"
    )
    script = program.replace("emctl([", "\ntry:\n emctl([").replace(
        "standalone_mode=False);", "standalone_mode=False)\nexcept SystemExit: pass\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert done.returncode == 0
