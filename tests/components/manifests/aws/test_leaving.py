"""Which node groups a change takes away, and who is told of as running there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests.aws.leaving import Leaving, leaving, warnings
from components.manifests.aws.pool import Group, labels
from schemas.resolved_cluster import Cluster
from tests.support.account import load


@pytest.fixture
def spec(tmp_path: Path) -> Cluster:
    return load(tmp_path)


def groups(spec: Cluster) -> list[Group]:
    """As they are when this spec was applied."""
    made = [Group(f"{name}-1", labels(pool), 0, 9, 1) for name, pool in spec.node_groups.items()]
    return [*made, Group("of-another-program", {"team": "other"}, 0, 9, 1)]


def with_gpu(spec: Cluster, **changes: Any) -> Cluster:
    return replace(spec, pools={**spec.pools, "gpu": replace(spec.pools["gpu"], **changes)})


@pytest.mark.parametrize(
    "changes",
    [{"max": 9}, {"min": 1}, {"labels": {"tier": "a"}}, {"taints": {}}],
    ids=lambda changes: next(iter(changes)),
)
def test_group_stays_where_it_changes_in_place(spec: Cluster, changes: dict[str, Any]) -> None:
    assert leaving(with_gpu(spec, **changes), groups(spec)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"disk": 500},
        {"instance_types": ("g5.4xlarge",)},
        {"capacity": "spot"},
        {"zones": ("ap-northeast-2a",)},
        {"capacity": "capacity_block", "reservation": "cr-0123456789"},
        {"architecture": "arm64"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_group_is_replaced_by_what_only_new_nodes_have(
    spec: Cluster, changes: dict[str, Any]
) -> None:
    found = leaving(with_gpu(spec, **changes), groups(spec))
    assert found == [Leaving("gpu-1", "gpu", replaced=True)]


def test_group_goes_with_its_pool_or_to_karpenter(spec: Cluster) -> None:
    without = replace(spec, pools={"cpu": spec.pools["cpu"]})
    assert leaving(without, groups(spec)) == [Leaving("gpu-1", "gpu", replaced=False)]
    pools = {**spec.pools, "cpu": replace(spec.pools["cpu"], system=True)}
    moved = replace(spec, provisioner="karpenter", pools=pools)
    assert leaving(moved, groups(spec)) == [Leaving("gpu-1", "gpu", replaced=True)]


def node(name: str, group: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"eks.amazonaws.com/nodegroup": group}}}


def pod(name: str, kind: str, on: str, phase: str = "Running", **more: str) -> dict[str, Any]:
    own = {"easymaker.io/kind": kind, "easymaker.io/name": name, **more}
    return {
        "metadata": {"name": f"{kind}-{name}-0", "namespace": "iris", "labels": own},
        "spec": {"nodeName": on},
        "status": {"phase": phase},
    }


def test_warning_names_each_thing_that_runs_there_once() -> None:
    gone = [Leaving("gpu-1", "gpu", replaced=True), Leaving("old-1", "old", replaced=False)]
    nodes = [node("a", "gpu-1"), node("b", "gpu-1"), node("c", "cpu-1"), node("d", "old-1")]
    blue = {"easymaker.io/endpoint": "iris"}
    pods = [
        pod("blue", "stage", "a", **blue),
        pod("blue", "stage", "b", **blue),
        pod("explore", "notebook", "b", "Pending"),
        pod("elsewhere", "notebook", "c"),
        pod("done", "training", "a", "Succeeded"),
        {"metadata": {"name": "x", "namespace": "other"}, "spec": {"nodeName": "a"}},
        pod("fit", "training", "d"),
        pod("iris", "log-reader", "d"),
    ]
    assert warnings(gone, nodes, pods) == [
        "pool 'gpu' gets new nodes, and the old ones go; on them run "
        "notebook explore of workspace iris, stage iris.blue of workspace iris",
        "pool 'old' goes, with its nodes; on them run training fit of workspace iris",
    ]
    assert warnings(gone, nodes, []) == []
