"""A pool: what replaces it, and what its autoscaler owns."""

from dataclasses import replace

from schemas.resolved_cluster import Cluster
from tests.support.account import role
from tests.support.cluster_graph import graph
from tests.support.recorder import Graph

GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def with_pool(applied: Cluster, name: str, **changes: object) -> Cluster:
    pool = replace(applied.pools[name], **changes)  # type: ignore[arg-type]
    return replace(applied, pools={**applied.pools, name: pool})


def test_group_of_gpu_nodes(made: Graph) -> None:
    group = made.named(GROUP, "gpu")
    revision = group.inputs["labels"]["easymaker.io/pool-revision"]
    assert group.inputs == {
        "clusterName": "dev",
        "nodeRoleArn": role("dev-node"),
        "subnetIds": ["dev-private-ap-northeast-2c-id"],
        "version": "1.36",
        "amiType": "AL2023_x86_64_NVIDIA",
        "capacityType": "ON_DEMAND",
        "instanceTypes": ["g5.2xlarge"],
        "launchTemplate": {"id": "gpu-id", "version": "1"},
        "labels": {
            "easymaker.io/core-type": "gpu",
            "easymaker.io/pool": "gpu",
            "easymaker.io/pool-revision": revision,
            "k8s.amazonaws.com/accelerator": "a10g",
            "nvidia.com/gpu.present": "true",
        },
        "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
        "scalingConfig": {"minSize": 0, "maxSize": 4, "desiredSize": 0},
        "updateConfig": {"maxUnavailable": 1},
    }
    assert group.ignore_changes == ("scalingConfig.desiredSize",)
    pool = made.nodes[group.parent]
    assert (pool.type, pool.name) == ("easymaker:pool:GpuPool", "gpu")
    assert made.outputs[pool.urn] == {"group": "eks-group", "node_group": "group-1"}


def test_template_keeps_pods_from_the_nodes_rights_and_encrypts(made: Graph) -> None:
    template = made.named(TEMPLATE, "gpu")
    assert template.inputs == {
        "updateDefaultVersion": True,
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "volumeSize": 400,
                    "volumeType": "gp3",
                    "encrypted": "true",
                    "deleteOnTermination": "true",
                },
            }
        ],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        },
    }


def test_what_only_new_nodes_have_makes_a_new_template(made: Graph) -> None:
    """A new version of the template would drain the nodes of the group that runs."""
    template = made.named(TEMPLATE, "gpu")
    assert set(template.replace_on_changes) == {
        "blockDeviceMappings",
        "capacityReservationSpecification",
        "instanceMarketOptions",
        "instanceType",
    }


def test_capacity_block_names_type_and_reservation_in_the_template(applied: Cluster) -> None:
    made = graph(with_pool(applied, "gpu", capacity="capacity_block", reservation="cr-0123456789"))
    group, template = made.named(GROUP, "gpu"), made.named(TEMPLATE, "gpu")
    assert group.inputs["capacityType"] == "CAPACITY_BLOCK"
    assert "instanceTypes" not in group.inputs
    assert template.inputs["instanceType"] == "g5.2xlarge"
    assert template.inputs["instanceMarketOptions"] == {"marketType": "capacity-block"}
    assert template.inputs["capacityReservationSpecification"] == {
        "capacityReservationTarget": {"capacityReservationId": "cr-0123456789"}
    }


def test_size_is_sent_where_it_is_not_the_autoscalers(applied: Cluster) -> None:
    group = graph(with_pool(applied, "cpu", min=3, max=3)).named(GROUP, "cpu")
    assert group.ignore_changes == ()
    assert group.inputs["scalingConfig"] == {"minSize": 3, "maxSize": 3, "desiredSize": 3}


def test_group_says_what_its_nodes_would_be_like(applied: Cluster) -> None:
    made = graph(replace(applied, tags={"team": "vision"}))
    group = made.named(GROUP, "gpu")
    nodes = [node for node in made.all("aws:autoscaling/tag:Tag") if node.parent == group.parent]
    assert all(node.inputs["autoscalingGroupName"] == "eks-group" for node in nodes)
    assert {node.deleted_with for node in nodes} == {group.urn}
    start = "k8s.io/cluster-autoscaler/node-template/"
    assert {
        node.inputs["tag"]["key"].removeprefix(start): (
            node.inputs["tag"]["value"],
            node.inputs["tag"]["propagateAtLaunch"],
        )
        for node in nodes
    } == {
        "label/easymaker.io/core-type": ("gpu", False),
        "label/easymaker.io/pool": ("gpu", False),
        "label/easymaker.io/pool-revision": (
            group.inputs["labels"]["easymaker.io/pool-revision"],
            False,
        ),
        "label/k8s.amazonaws.com/accelerator": ("a10g", False),
        "label/nvidia.com/gpu.present": ("true", False),
        "resources/ephemeral-storage": ("400Gi", False),
        "resources/nvidia.com/gpu": ("1", False),
        "taint/nvidia.com/gpu": ("true:NoSchedule", False),
        "team": ("vision", True),
    }


def test_nodes_come_after_network_and_control_plane(made: Graph) -> None:
    """Without routes they never join, without the network add-on they never get ready."""
    ready = {
        *("aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation"),
        *("aws:ec2/natGateway:NatGateway", "aws:eks/addon:Addon"),
        *("aws:eks/accessPolicyAssociation:AccessPolicyAssociation",),
    }
    late = {"coredns", "metrics-server"} | {
        f"aws-{kind}-csi-driver" for kind in ("ebs", "efs", "mountpoint-s3")
    }
    wanted = {
        node.urn for node in made.nodes.values() if node.type in ready and node.name not in late
    }
    group = made.named(GROUP, "gpu")
    assert wanted <= set(group.depends_on)
    for node in made.all("aws:eks/addon:Addon"):
        assert (group.urn in node.depends_on) == (node.name in late)
