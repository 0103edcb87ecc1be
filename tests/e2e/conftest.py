"""Fixtures of the end-to-end tests: they run for real, and are never skipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import pulumi_cli
from tests.support.cluster import LocalCluster, running_cluster

# --- Pulumi -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PULUMI_HOME with the Kubernetes provider and nothing else."""
    return pulumi_cli.make_home(tmp_path_factory.mktemp("pulumi-home"))


# --- the local cluster ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """The cluster of this test run, with the images that test pods use."""
    with running_cluster("test", ["python"]) as made:
        yield made
