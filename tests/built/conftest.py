"""Fixtures of the tests with the built tools."""

from collections.abc import Iterator

import pytest

from tests.support.cluster import LocalCluster, running_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """A cluster that these tests may hurt: nobody else's pods are on it."""
    with running_cluster("hurt", ["python"]) as made:
        yield made
