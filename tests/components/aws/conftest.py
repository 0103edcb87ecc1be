"""One recorded cluster for all that only look at it."""

import pytest

from schemas.resolved_cluster import Cluster
from tests.support.account import load
from tests.support.cluster_graph import graph
from tests.support.recorder import Graph


@pytest.fixture(scope="session")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return load(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="session")
def made(applied: Cluster) -> Graph:
    return graph(applied)
