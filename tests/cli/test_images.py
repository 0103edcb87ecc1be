"""`emctl images` as a person calls it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cli.images import images
from tools.errors import ToolError
from tools.images import lock as locks
from tools.images import pushing

PUSHED = {"tools": "r.example/tools@sha256:1"}
TEXT = (
    "# Written by `emctl images push r.example`; do not edit.\n"
    "platform:\n"
    "  built_images:\n"
    "    tools: r.example/tools@sha256:1\n"
)


def _push(registry: str, say: Callable[[str], None], *, plain_http: bool) -> dict[str, str]:
    assert (registry, plain_http) == ("r.example", True)
    say("image tools: pushed")
    return PUSHED


def test_push_prints_the_lock_apart_from_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "push", _push)
    done = CliRunner().invoke(images, ["push", "r.example", "--plain-http"])
    assert (done.exit_code, done.stdout, done.stderr) == (0, TEXT, "image tools: pushed\n")


def test_push_writes_the_lock_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pushing, "push", _push)
    path = tmp_path / "lock.yaml"
    done = CliRunner().invoke(images, ["push", "r.example", "--plain-http", f"--lock={path}"])
    assert done.exit_code == 0
    assert path.read_text() == TEXT


def test_lock_writes_and_checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "images-local.yaml"
    monkeypatch.setattr(locks, "LOCAL", path)
    stale = CliRunner().invoke(images, ["lock", "--check"])
    assert isinstance(stale.exception, ToolError)
    assert not path.exists()
    assert CliRunner().invoke(images, ["lock"]).output == f"wrote {path}\n"
    assert "tools" in yaml.safe_load(path.read_text())["platform"]["built_images"]
    assert CliRunner().invoke(images, ["lock"]).output == ""
    assert CliRunner().invoke(images, ["lock", "--check"]).exit_code == 0
