"""What the program of a cluster tells is what that of its add-ons reads."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi

import program_cluster
from components.manifests.addons import cluster_autoscaler, karpenter, logs
from components.manifests.addons.facts import Facts, NodePool, facts
from schemas.resolved_cluster import Cluster
from tests.support.account import ANSWERS, KEY
from tests.support.cluster_graph import graph
from tests.support.recorder import record


def told(spec: Cluster) -> Facts:
    found: dict[str, Any] = {}

    async def program() -> None:
        outputs: Mapping[str, Any] = await program_cluster.build(spec)
        found.update(await pulumi.Output.from_input(outputs).future() or {})

    record(program, answers=ANSWERS)
    return facts("dev", found)


def for_karpenter(spec: Cluster) -> Cluster:
    pools = {**spec.pools, "cpu": replace(spec.pools["cpu"], system=True)}
    return replace(spec, provisioner="karpenter", pools=pools)


def test_of_a_cluster_with_node_groups(applied: Cluster) -> None:
    assert told(applied) == Facts(
        name="dev",
        region="ap-northeast-2",
        kubernetes_version="1.36",
        endpoint="https://api.example.com",
        key_arn=KEY,
        security_group="sg-cluster",
        log_group="/easymaker/dev/pods",
        subnets=("dev-private-ap-northeast-2a-id", "dev-private-ap-northeast-2c-id"),
        sizes_groups=True,
    )


def test_of_a_cluster_with_karpenter(applied: Cluster) -> None:
    found, gpu = told(for_karpenter(applied)), applied.pools["gpu"]
    assert not found.sizes_groups
    assert found.node_role
    assert "/" not in found.node_role
    assert found.interruption_queue == "dev-karpenter"
    assert found.node_pools == {
        "gpu": NodePool(
            name="gpu",
            instance_types=gpu.instance_types,
            max=gpu.max,
            vcpu=gpu.vcpu,
            capacity=gpu.capacity,
            reservation=gpu.reservation,
            zones=gpu.zones,
            disk=gpu.disk,
            labels=gpu.node_labels,
            taints={
                key: {"value": taint.value, "effect": taint.effect}
                for key, taint in gpu.node_taints.items()
            },
        )
    }


def test_roles_are_those_of_the_add_ons_pods(applied: Cluster) -> None:
    """Pod Identity names a service account; one that is called otherwise gets no credentials."""
    wanted = {
        ("kube-system", cluster_autoscaler.NAME),
        ("kube-system", karpenter.NAME),
        (logs.NAMESPACE, logs.NAME),
    }
    found = {
        (node.inputs["namespace"], node.inputs["serviceAccount"])
        for spec in (applied, for_karpenter(applied))
        for node in graph(spec).all("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    }
    assert wanted <= found
