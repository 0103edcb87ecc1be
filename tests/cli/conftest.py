"""What tests of commands share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import api as apis
from cli.main import emctl
from live import Context
from tests.support import workspaces
from tests.support.api_server import ApiServer, api_server

Command = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A Kubernetes API."""
    with api_server() as made:
        yield made


@pytest.fixture
def command(tmp_path: Path, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `emctl COMMAND SPEC …` with one of everything in the spec, against that API."""
    spec = tmp_path / "stack.yaml"
    spec.write_text(workspaces.SPEC)

    @contextmanager
    def opened(context: Context) -> Iterator[apis.Api]:
        assert context == Context("here")
        yield apis.Api(server.path)

    for module in ("describe", "logs", "open", "status", "wait"):
        monkeypatch.setattr(f"cli.{module}.api", opened)

    def run(name: str, *arguments: str) -> Result:
        return CliRunner().invoke(emctl, [name, str(spec), *arguments])

    return run
