"""What all tests stand on."""

import signal
from pathlib import Path

import pytest

from tests.support import pulumi_cli


def pytest_configure() -> None:
    """Let SIGINT interrupt, as in a terminal: a shell that starts jobs in the background sets it to
    be ignored, and every program started from here would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PULUMI_HOME with the Kubernetes provider and nothing else."""
    return pulumi_cli.make_home(tmp_path_factory.mktemp("pulumi-home"))
