"""Every field of a cluster: what its change does to the graph is the class that `emctl diff` says.

Which inputs make a resource anew is what the provider's documentation says of these types; that the
engine then does so is for the emulators to show.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from schemas import kinds, resolved_cluster
from schemas.effects import Effect
from tests.schemas import clusters
from tests.schemas.test_cluster_changes import VALUES, Path_, table_of
from tests.support.cluster_graph import graph
from tests.support.recorder import Graph, Node

GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
# Inputs that can't change in place by the provider's documentation.
REPLACES = {
    GROUP: {"amiType", "capacityType", "clusterName", "diskSize", "instanceTypes", "subnetIds"},
    "aws:eks/cluster:Cluster": {"name", "roleArn"},
    "aws:ec2/vpc:Vpc": {"cidrBlock"},
    "aws:ec2/subnet:Subnet": {"availabilityZone", "cidrBlock", "vpcId"},
    "aws:s3/bucket:Bucket": {"bucket"},
    "aws:efs/accessPoint:AccessPoint": {"fileSystemId", "posixUser", "rootDirectory"},
    "aws:efs/fileSystem:FileSystem": {"encrypted", "kmsKeyId", "performanceMode"},
}
FIELDS = [path for path in VALUES if table_of(path)[path[-1]].effect is not Effect.REFUSED]


def built(folder: Path, document: Mapping[str, Any]) -> Graph:
    found = clusters.loaded(folder, dict(document))
    assert isinstance(found, resolved_cluster.Cluster)
    return graph(found)


@pytest.fixture(name="before", scope="module")
def _before(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return built(tmp_path_factory.mktemp("before"), clusters.CLUSTER)


def made_anew(before: Graph, after: Graph) -> set[tuple[str, str]]:
    """Type and name of what goes, or is replaced."""
    found = set()
    for urn, old in before.nodes.items():
        new = after.nodes.get(urn)
        if new is None or _differs(old, new):
            found.add((old.type, old.name))
    return found


def _differs(old: Node, new: Node) -> bool:
    keys = {*REPLACES.get(old.type, ()), *new.replace_on_changes}
    return any(old.inputs.get(key) != new.inputs.get(key) for key in keys)


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_graph_changes_as_the_class_says(tmp_path: Path, before: Graph, path: Path_) -> None:
    document = clusters.changed(clusters.CLUSTER, path, VALUES[path])
    old, new = (clusters.resolved_document(tmp_path, d) for d in (clusters.CLUSTER, document))
    effects = {change.effect for change in kinds.compare("Cluster", old, new)}
    assert table_of(path)[path[-1]].effect in effects or path[-1] == "system"
    anew = made_anew(before, built(tmp_path, document))
    groups = {name for kind, name in anew if kind in (GROUP, TEMPLATE)}
    if path == ("provisioner",):
        assert groups == {"gpu", "block"}  # no system pools: Karpenter makes their nodes
    elif Effect.REPLACE in effects:
        assert groups == {path[1]}
    else:
        assert groups == set()
    kept = {"aws:eks/cluster:Cluster", "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"}
    kept |= {"aws:s3/bucket:Bucket", "aws:efs/fileSystem:FileSystem"}
    kept |= {"aws:efs/accessPoint:AccessPoint"}
    assert not {kind for kind, _ in anew} & kept


@pytest.mark.parametrize("pool", ["cpu", "gpu"])
def test_new_pool_touches_no_other(tmp_path: Path, before: Graph, pool: str) -> None:
    pools = {**clusters.CLUSTER["pools"], "more": clusters.CLUSTER["pools"][pool]}
    after = built(tmp_path, clusters.changed(clusters.CLUSTER, ("pools",), pools))
    assert made_anew(before, after) == set()
    added = [after.nodes[urn] for urn in after.nodes.keys() - before.nodes.keys()]
    assert [node.name for node in added if node.type == GROUP] == ["more"]
