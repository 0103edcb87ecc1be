"""Differences between clusters: every field's class is its table's, refusals have their text."""

from pathlib import Path
from typing import Any

import pytest

from schemas import SpecError, addons, cluster, kinds, load_any
from schemas.base import StrictModel
from schemas.change import Change
from schemas.effects import Cost, Effect, OnChange
from schemas.shape import fields_by_key
from tests.schemas import clusters, specs

Path_ = tuple[str, ...]
# A different value for every field, at its place in the document of the tests.
VALUES: dict[Path_, Any] = {
    ("cluster",): "other",
    ("region",): "eu-west-2",
    ("zones",): ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
    ("kubernetes_version",): "1.37",
    ("network", "type"): "existing",
    ("network", "cidr"): "10.1.0.0/16",
    ("network", "nat"): "per_zone",
    ("endpoint_access",): {"public_cidrs": [], "private_cidrs": ["172.16.0.0/16"]},
    ("access",): {},
    ("log_retention",): 90,
    ("addons",): {"vpc-cni": "v1.21.2-eksbuild.1"},
    ("provisioner",): "karpenter",
    ("tags",): {"team": "audio"},
    ("pools", "gpu", "instance_types"): ["g5.2xlarge"],
    ("pools", "gpu", "min"): 1,
    ("pools", "gpu", "max"): 3,
    ("pools", "gpu", "capacity"): "on_demand",
    ("pools", "block", "reservation"): "cr-0a1b2c3e",
    ("pools", "gpu", "zones"): ["eu-west-1a", "eu-west-1b"],
    ("pools", "gpu", "disk"): 300,
    ("pools", "gpu", "labels"): {"team": "audio"},
    ("pools", "gpu", "taints"): {},
    ("pools", "gpu", "system"): True,
    ("pools", "gpu", "taints", "team", "value"): "audio",
    ("pools", "gpu", "taints", "team", "effect"): "NoExecute",
    ("file_systems", "models", "throughput"): "bursting",
    ("file_systems", "models", "force_destroy"): True,
    ("buckets", "data", "versioning"): False,
    ("buckets", "data", "force_destroy"): True,
}
SECTIONS: dict[Path_, tuple[str, OnChange, OnChange]] = {
    ("pools",): ("block", cluster.POOL_CREATED, cluster.POOL_DELETED),
    ("file_systems",): ("models", cluster.FILE_SYSTEM_CREATED, cluster.FILE_SYSTEM_DELETED),
    ("buckets",): ("data", cluster.BUCKET_CREATED, cluster.BUCKET_DELETED),
}
ADDON_VALUES: dict[Path_, Any] = {
    ("cluster",): "other",
    ("target",): {"type": "aws", "cluster_stack": "organization/easymaker/other"},
    ("gateway", "namespace"): "other",
    ("gateway", "name"): "other",
    ("gateway", "listener"): "other",
    ("gateway", "replicas"): 3,
    ("gateway", "node_port"): 30081,
    ("gateway", "definitions"): False,
    ("autoscaler",): "karpenter",
    ("gpu",): {"device_plugin": False},
    ("logs",): None,
    ("images",): {},
}
TABLES: list[tuple[type[StrictModel], dict[str, OnChange], set[str]]] = [
    (
        cluster.Cluster,
        cluster.CHANGES,
        {"pools", "file_systems", "buckets", "repositories", "platform"},
    ),
    (cluster.NewNetwork, cluster.NETWORK_CHANGES, set()),
    # Flavors count as the instance types that follow from them.
    (cluster.NodePool, cluster.POOL_CHANGES, {"flavors"}),
    (cluster.NodeTaint, cluster.TAINT_CHANGES, set()),
    (cluster.FileSystem, cluster.FILE_SYSTEM_CHANGES, set()),
    (cluster.Bucket, cluster.BUCKET_CHANGES, set()),
    (addons.ClusterAddons, addons.CHANGES, set()),
    (addons.AddonGateway, addons.GATEWAY_CHANGES, set()),
]
_HEADER = {"api_version", "kind", "include"}


def table_of(path: Path_) -> dict[str, OnChange]:
    if path[0] == "network" and len(path) > 1:
        return cluster.NETWORK_CHANGES
    if path[0] == "pools":
        return cluster.POOL_CHANGES if len(path) == 3 else cluster.TAINT_CHANGES
    sections = {
        "file_systems": cluster.FILE_SYSTEM_CHANGES,
        "buckets": cluster.BUCKET_CHANGES,
    }
    return sections.get(path[0], cluster.CHANGES)


def changes(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    before, after = (clusters.resolved_document(folder, document) for document in (old, new))
    return kinds.compare(before["kind"], before, after)


def differences(folder: Path, path: Path_, value: Any) -> list[Change]:
    """Of the documents themselves: a field may change where the language wants more to change."""
    before = clusters.resolved_document(folder, clusters.CLUSTER)
    if path[-1] == "system":
        before["provisioner"] = "karpenter"
    return kinds.compare("Cluster", before, clusters.changed(before, path, value))


@pytest.mark.parametrize("path", VALUES, ids=".".join)
def test_change_of_a_field_has_the_class_of_its_table(tmp_path: Path, path: Path_) -> None:
    (found,) = differences(tmp_path, path, VALUES[path])
    on = table_of(path)[path[-1]]
    assert (found.path[: len(path)], found.effect) == (path, on.effect)
    assert found.meaning == on.meaning
    refused = on.effect is Effect.REFUSED
    assert found.costs == (() if refused else on.costs)
    assert bool(found.refusal) is refused


@pytest.mark.parametrize(
    ("schema", "table", "without"), TABLES, ids=lambda x: getattr(x, "__name__", "")
)
def test_tables_cover_every_field(
    schema: type[StrictModel], table: dict[str, OnChange], without: set[str]
) -> None:
    assert set(table) == set(fields_by_key(schema)) - _HEADER - without


def test_every_field_of_a_cluster_is_tried() -> None:
    tried = {(id(table_of(path)), path[-1]) for path in VALUES}
    tables = [table for schema, table, _ in TABLES if schema.__module__ == cluster.__name__]
    wanted = {(id(table), key) for table in tables for key in table}
    # Of the network its parts are.
    assert tried == wanted - {(id(cluster.CHANGES), "network")}


@pytest.mark.parametrize("path", ADDON_VALUES, ids=".".join)
def test_change_of_an_addon_has_the_class_of_its_table(tmp_path: Path, path: Path_) -> None:
    # Of the documents themselves, as above: on AWS the port stays.
    before = clusters.resolved_document(tmp_path, clusters.ADDONS)
    new = clusters.changed(before, path, ADDON_VALUES[path])
    found = kinds.compare("ClusterAddons", before, new)
    table = addons.GATEWAY_CHANGES if len(path) == 2 else addons.CHANGES
    on = table[path[-1]]
    assert found
    assert {change.path[: len(path)] for change in found} == {path}
    assert {(c.effect, c.meaning, c.costs) for c in found} == {(on.effect, on.meaning, on.costs)}


def test_every_field_of_addons_is_tried() -> None:
    assert {path[0] for path in ADDON_VALUES} == set(addons.CHANGES)
    assert {path[1] for path in ADDON_VALUES if len(path) == 2} == set(addons.GATEWAY_CHANGES)


@pytest.mark.parametrize("section", SECTIONS, ids=".".join)
def test_new_and_gone_have_their_class(tmp_path: Path, section: Path_) -> None:
    name, created, deleted = SECTIONS[section]
    path = (*section, name)
    new = clusters.changed(clusters.CLUSTER, path, None)
    (gone,) = changes(tmp_path, clusters.CLUSTER, new)
    assert (gone.path, gone.effect, gone.meaning, gone.costs) == (
        path,
        Effect.DELETE,
        deleted.meaning,
        deleted.costs,
    )
    (made,) = changes(tmp_path, new, clusters.CLUSTER)
    assert (made.path, made.effect, made.meaning) == (path, Effect.CREATE, created.meaning)


def test_repositories_come_and_go_by_name(tmp_path: Path) -> None:
    new = clusters.changed(clusters.CLUSTER, ("repositories",), ["tools", "serving"])
    (made,) = changes(tmp_path, clusters.CLUSTER, new)
    assert (made.name, made.effect) == ("repositories.serving", Effect.CREATE)
    (gone,) = changes(tmp_path, new, clusters.CLUSTER)
    assert (gone.effect, gone.costs) == (Effect.DELETE, (Cost.DATA_LOST,))


def test_renamed_pool_is_recognised(tmp_path: Path) -> None:
    new = clusters.changed(clusters.CLUSTER, ("pools", "gpu"), None)
    new["pools"]["a10g"] = clusters.CLUSTER["pools"]["gpu"]
    made, gone = changes(tmp_path, clusters.CLUSTER, new)
    assert (gone.name, gone.renamed_to) == ("pools.gpu", "a10g")
    assert made.name == "pools.a10g"


def test_order_is_no_change(tmp_path: Path) -> None:
    new = clusters.changed(clusters.CLUSTER, ("zones",), ["eu-west-1b", "eu-west-1a"])
    new["pools"] = dict(reversed(new["pools"].items()))
    assert changes(tmp_path, clusters.CLUSTER, new) == []
    assert changes(tmp_path, clusters.ADDONS, clusters.ADDONS) == []


def test_more_nodes_cost_nobody_anything(tmp_path: Path) -> None:
    (found,) = differences(tmp_path, ("pools", "gpu", "max"), 9)
    assert (found.effect, found.meaning, found.costs) == (Effect.IN_PLACE, "", ())


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        (("kubernetes_version",), "1.35", "the cluster runs 1.36, and no cluster goes back"),
        (("cluster",), "x", "the cluster is 'dev' and stays so: another one is a spec of its own"),
        (
            ("region",),
            "eu-west-2",
            "the cluster is 'eu-west-1' and stays so: another one is a spec of its own",
        ),
        (
            ("zones",),
            ["eu-west-1a", "eu-west-1c"],
            "EKS keeps a cluster's zones, eu-west-1a, eu-west-1b: pools can be in some of them",
        ),
        (
            ("network", "cidr"),
            "10.1.0.0/16",
            "a cluster stays in its network: another one is a spec of its own",
        ),
    ],
)
def test_transition_is_refused_with_its_text(
    tmp_path: Path, path: Path_, value: Any, refusal: str
) -> None:
    (found,) = differences(tmp_path, path, value)
    assert (found.effect, found.refusal, found.costs) == (Effect.REFUSED, refusal, ())


def test_pools_do_not_follow_zones_that_are_refused(tmp_path: Path) -> None:
    new = clusters.changed(clusters.CLUSTER, ("zones",), ["eu-west-1a", "eu-west-1c"])
    assert [found.name for found in changes(tmp_path, clusters.CLUSTER, new)] == ["zones"]
    new["pools"]["cpu"]["zones"] = ["eu-west-1c"]
    found = changes(tmp_path, clusters.CLUSTER, new)
    assert [change.name for change in found] == ["zones", "pools.cpu.zones"]


def test_every_part_of_another_kind_of_network_is_refused(tmp_path: Path) -> None:
    subnets = ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]
    network = {"type": "existing", "vpc": "vpc-0a1b2c3d", "private_subnets": subnets}
    new = clusters.changed(clusters.CLUSTER, ("network",), network)
    found = changes(tmp_path, clusters.CLUSTER, new)
    assert {change.name for change in found} >= {"network.type", "network.nat"}
    assert {change.effect for change in found} == {Effect.REFUSED}


def test_without_karpenter_nothing_hangs_on_being_a_system_pool(tmp_path: Path) -> None:
    new = clusters.changed(clusters.CLUSTER, ("pools", "gpu", "system"), True)
    (found,) = changes(tmp_path, clusters.CLUSTER, new)
    assert (found.effect, found.meaning, found.costs) == (Effect.IN_PLACE, "", ())


def test_kubernetes_goes_up_one_minor_version(tmp_path: Path) -> None:
    old = clusters.changed(clusters.CLUSTER, ("kubernetes_version",), "1.35")
    new = clusters.changed(clusters.CLUSTER, ("kubernetes_version",), "1.37")
    (found,) = changes(tmp_path, old, new)
    assert found.refusal == "the cluster runs 1.35, and goes up one minor version at a time: 1.36"
    (found,) = changes(tmp_path, old, clusters.CLUSTER)
    assert (found.effect, found.refusal) == (Effect.RESTART, "")


def test_under_karpenter_an_upgrade_says_which_nodes_stay(tmp_path: Path) -> None:
    old = clusters.changed(clusters.CLUSTER, ("provisioner",), "karpenter")
    new = clusters.changed(old, ("kubernetes_version",), "1.37")
    (found,) = changes(tmp_path, old, new)
    assert found.meaning.endswith("Karpenter's nodes keep theirs until they are empty or deleted")
    assert found.costs == (Cost.WORK_INTERRUPTED,)


def test_what_runs_may_be_known_in_part(tmp_path: Path) -> None:
    """Of a cluster that runs AWS says some: the rest is not compared, and no problem."""
    file = tmp_path / "spec.yaml"
    file.write_text(specs.flow(clusters.CLUSTER))
    known = {"kubernetes_version": "1.36", "region": "eu-west-1"}
    assert load_any(file, before=lambda _: known) == load_any(file)
    with pytest.raises(SpecError) as caught:
        load_any(file, before=lambda _: {"kubernetes_version": "1.37"})
    (issue,) = caught.value.issues
    assert (issue.rule, issue.path) == ("transition", "kubernetes_version")
    assert issue.message == "the cluster runs 1.37, and no cluster goes back"
    line = file.read_text().splitlines()[issue.position.line - 1]
    assert line[issue.position.column - 1 :].startswith('"1.36"')


def test_another_network_of_the_other_type_is_refused(tmp_path: Path) -> None:
    existing = {
        "type": "existing",
        "vpc": "vpc-0a1b2c3d",
        "private_subnets": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
    }
    new = clusters.changed(clusters.CLUSTER, ("network",), existing)
    found = changes(tmp_path, clusters.CLUSTER, new)
    assert {change.effect for change in found if change.path != ("network", "nat")} == {
        Effect.REFUSED
    }
