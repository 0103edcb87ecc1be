"""The program of a cluster: the whole graph, its options, and its outputs."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

import live
import program_cluster
from components.manifests.addons import cluster_autoscaler, common, karpenter, logs
from components.manifests.addons.facts import facts
from components.manifests.aws import karpenter as manifests
from components.manifests.aws.access_entries import key_of
from components.manifests.aws.pool import labels
from schemas import addons
from schemas.cluster_outputs import cluster_outputs
from schemas.resolved_cluster import AccessEntry, Cluster, EndpointAccess, ExistingNetwork
from tests.support.account import ANSWERS, ARN, KEY, NUMBER, SPEC, load, role
from tests.support.cluster_graph import graph
from tests.support.recorder import Answers, Graph, record


def test_every_resource_stands_below_a_component_and_has_the_one_provider(made: Graph) -> None:
    provider = made.one("pulumi:providers:aws")
    assert provider.inputs == {
        "region": "ap-northeast-2",
        "defaultTags": '{"tags": {"easymaker:cluster": "dev"}}',
        **{key: value for key, value in provider.inputs.items() if key.startswith("skip")},
    }
    for node in made.nodes.values():
        if node.type.startswith("aws:"):
            assert made.nodes[node.parent].type.startswith("easymaker:"), node.urn
            assert node.provider.startswith(provider.urn), node.urn
        elif node is not provider:
            assert node.type.startswith("easymaker:")
            assert made.outputs[node.urn], node.urn


def test_preview_names_what_up_makes(applied: Cluster, made: Graph) -> None:
    assert graph(applied, preview=True).nodes.keys() == made.nodes.keys()


def test_order_of_the_spec_changes_nothing(made: Graph, tmp_path: Path) -> None:
    lines = SPEC.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("  cpu:"))
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    zones = lines.index("zones: [ap-northeast-2c, ap-northeast-2a]")
    lines[zones] = "zones: [ap-northeast-2a, ap-northeast-2c]"
    other = graph(load(tmp_path, "\n".join(lines)))
    assert {urn: node.inputs for urn, node in made.nodes.items()} == {
        urn: node.inputs for urn, node in other.nodes.items()
    }


def test_only_what_holds_data_is_protected(made: Graph) -> None:
    """A destroy that nobody prepared must fail before it deletes these, and nothing else."""
    protected = {(node.type, node.name) for node in made.nodes.values() if node.protect}
    assert protected == {
        ("aws:s3/bucket:Bucket", "data"),
        ("aws:efs/fileSystem:FileSystem", "models"),
    }


def outputs_of(spec: Cluster) -> dict[str, Any]:
    told: dict[str, Any] = {}

    async def program() -> None:
        outputs = await program_cluster.build(spec)
        told.update(await pulumi.Output.from_input(outputs).future() or {})

    record(program, answers=ANSWERS)
    return told


def test_outputs_are_what_workspaces_and_addons_read(applied: Cluster) -> None:
    told = outputs_of(applied)
    kubeconfig = json.loads(str(told.pop("kubeconfig")))
    assert kubeconfig["current-context"] == ARN
    gpu = {
        "instance_types": ["g5.2xlarge"],
        "capacity": "on_demand",
        "reservation": "",
        "zones": ["ap-northeast-2c"],
        "disk": 400,
        "min": 0,
        "max": 4,
        "vcpu": 8,
        "gpu_count": 1,
        "labels": {
            "easymaker.io/core-type": "gpu",
            "easymaker.io/pool": "gpu",
            "nvidia.com/gpu.present": "true",
        },
        "taints": {"nvidia.com/gpu": {"value": "true", "effect": "NoSchedule"}},
    }
    pools = told.pop("pools")
    assert isinstance(pools, dict)
    assert pools["gpu"] == gpu
    assert pools.keys() == {"cpu", "gpu"}
    assert told == {
        "cluster": {
            "name": "dev",
            "arn": ARN,
            "endpoint": "https://api.example.com",
            "certificate_authority": "Q0E=",
            "region": "ap-northeast-2",
            "kubernetes_version": "1.36",
            "account": NUMBER,
            "security_group": "sg-cluster",
        },
        "vpc": "dev-id",
        "private_subnets": [f"dev-private-ap-northeast-2{letter}-id" for letter in "ac"],
        "key_arn": KEY,
        "tags": {},
        "node_pools": {},
        "file_systems": {"models": "models-id::models-id"},
        "buckets": {name: f"dev-{name}-{NUMBER}" for name in ("data", "scratch")},
        "repositories": {"tools": "repository/tools"},
        "logs": {"pods": "/easymaker/dev/pods", "api": "/aws/vendedlogs/easymaker/dev/api"},
        "gateway": {
            "load_balancer_arn": "arn:dev",
            "listener_arn": "arn:dev",
            "target_group_arn": "arn:dev",
            "vpc_link": "dev-id",
            "host": "balancer.example.com",
        },
        "roles": {
            "vpc-cni": role("dev-vpc-cni"),
            "aws-ebs-csi-driver": role("dev-aws-ebs-csi-driver"),
            "aws-efs-csi-driver": role("dev-aws-efs-csi-driver"),
            "cluster_autoscaler": role("dev-cluster-autoscaler"),
            "logs": role("dev-logs"),
        },
    }


def test_workspaces_and_addons_find_what_they_read(applied: Cluster) -> None:
    pools = {**applied.pools, "cpu": replace(applied.pools["cpu"], system=True)}
    told = outputs_of(replace(applied, provisioner="karpenter", pools=pools))
    of_workspaces = cluster_outputs("stack", told)
    assert (of_workspaces.listener_arn, of_workspaces.key_arn) == ("arn:dev", KEY)
    found = facts("stack", told)
    assert (found.node_role, found.interruption_queue) == ("dev-node", "dev-karpenter")
    assert found.log_group == "/easymaker/dev/pods"
    gpu = found.node_pools["gpu"]
    assert (gpu.instance_types, gpu.max, gpu.zones) == (("g5.2xlarge",), 4, ("ap-northeast-2c",))


def test_roles_are_those_of_the_add_ons_pods(applied: Cluster, made: Graph) -> None:
    """Names meet in two stacks, and neither reads those of the other."""
    pools = {**applied.pools, "cpu": replace(applied.pools["cpu"], system=True)}
    karpenters = graph(replace(applied, provisioner="karpenter", pools=pools))
    found = {
        (node.inputs["namespace"], node.inputs["serviceAccount"])
        for graph_ in (made, karpenters)
        for node in graph_.all("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    }
    assert {
        (common.SYSTEM, cluster_autoscaler.NAME),
        (common.SYSTEM, karpenter.NAME),
        (logs.NAMESPACE, logs.NAME),
    } <= found


def test_load_balancer_calls_the_port_of_the_gateway(made: Graph) -> None:
    port = addons.AddonGateway.model_fields["node_port"].default
    assert made.one("aws:lb/targetGroup:TargetGroup").inputs["port"] == port


def test_karpenter_has_role_and_queue_and_only_system_pools_are_groups(applied: Cluster) -> None:
    pools = {**applied.pools, "cpu": replace(applied.pools["cpu"], system=True)}
    made = graph(replace(applied, provisioner="karpenter", pools=pools))
    assert [node.name for node in made.all("aws:eks/nodeGroup:NodeGroup")] == ["cpu"]
    assert made.one("aws:sqs/queue:Queue").inputs["name"] == "dev-karpenter"
    targets = made.all("aws:cloudwatch/eventTarget:EventTarget")
    assert {node.inputs["arn"] for node in targets} == {"arn:dev-karpenter"}
    assert len(targets) == len(manifests.EVENTS)
    accounts = {
        node.inputs["serviceAccount"]
        for node in made.all("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    }
    assert "karpenter" in accounts
    assert "cluster-autoscaler" not in accounts


def test_existing_network_is_only_used(applied: Cluster) -> None:
    found = ExistingNetwork("vpc-0123456789", ("subnet-0a", "subnet-0c"))
    made = graph(replace(applied, network=found))
    kinds = {node.type for node in made.nodes.values() if node.type.startswith("aws:ec2/")}
    assert kinds == {"aws:ec2/securityGroup:SecurityGroup", "aws:ec2/launchTemplate:LaunchTemplate"}
    group = made.named("aws:eks/nodeGroup:NodeGroup", "gpu")
    # Its zone alone: EC2 is asked which subnets are there.
    assert group.inputs["subnetIds"] == ["subnet-0c"]
    assert made.named("aws:eks/nodeGroup:NodeGroup", "cpu").inputs["subnetIds"] == [
        *("subnet-0a", "subnet-0c")
    ]
    targets = made.all("aws:efs/mountTarget:MountTarget")
    assert {node.inputs["subnetId"] for node in targets} == {"subnet-0a", "subnet-0c"}


def test_of_several_subnets_in_a_zone_nodes_have_all_and_others_one(applied: Cluster) -> None:
    """A load balancer takes no second subnet of a zone, a file system no second mount target."""
    network = ExistingNetwork(
        "vpc-0123456789", ("subnet-1c", "subnet-1a", "subnet-0c", "subnet-0a")
    )
    made = graph(replace(applied, network=network))
    every, one = ["subnet-0a", "subnet-0c", "subnet-1a", "subnet-1c"], ["subnet-0a", "subnet-0c"]
    assert made.one("aws:eks/cluster:Cluster").inputs["vpcConfig"]["subnetIds"] == every
    groups = {node.name: node.inputs for node in made.all("aws:eks/nodeGroup:NodeGroup")}
    assert groups["cpu"]["subnetIds"] == every
    assert groups["gpu"]["subnetIds"] == ["subnet-0c", "subnet-1c"]
    assert made.one("aws:lb/loadBalancer:LoadBalancer").inputs["subnets"] == one
    assert made.one("aws:apigatewayv2/vpcLink:VpcLink").inputs["subnetIds"] == one
    targets = made.all("aws:efs/mountTarget:MountTarget")
    assert sorted(node.inputs["subnetId"] for node in targets) == one


@pytest.mark.parametrize(
    ("token", "said", "sentence"),
    [
        (
            "aws:ec2/getSubnet:getSubnet",
            {"vpcId": "vpc-9"},
            "network.private_subnets: subnet-0a is in vpc-9, not in vpc-0123456789",
        ),
        (
            "aws:ec2/getVpc:getVpc",
            {"enableDnsHostnames": False},
            "network.vpc: vpc-0123456789 has no DNS hostnames, and without it no node joins",
        ),
        (
            "aws:ec2/getVpc:getVpc",
            {"enableDnsSupport": False},
            "network.vpc: vpc-0123456789 has no DNS resolution, and without it no node joins",
        ),
    ],
)
def test_network_that_nodes_could_not_join_in_is_refused(
    applied: Cluster, token: str, said: dict[str, object], sentence: str
) -> None:
    def calls(asked: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        assert ANSWERS.calls is not None
        return {**ANSWERS.calls(asked, inputs), **(said if asked == token else {})}

    network = ExistingNetwork("vpc-0123456789", ("subnet-0a", "subnet-0c"))
    with pytest.raises(live.LiveError) as error:
        graph(replace(applied, network=network), answers=replace(ANSWERS, calls=calls))
    assert str(error.value) == sentence


def test_subnets_in_one_zone_alone_are_refused(applied: Cluster) -> None:
    network = ExistingNetwork("vpc-0123456789", ("subnet-1c", "subnet-0c"))
    with pytest.raises(pulumi.RunError) as error:
        graph(replace(applied, network=network))
    assert str(error.value) == (
        "network.private_subnets: all are in ap-northeast-2c, EKS wants two zones at least"
    )


def test_pool_in_zones_without_a_subnet_says_so(applied: Cluster) -> None:
    pools = {**applied.pools, "gpu": replace(applied.pools["gpu"], zones=("ap-northeast-2b",))}
    found = ExistingNetwork("vpc-0123456789", ("subnet-0a", "subnet-0c"))
    with pytest.raises(pulumi.RunError) as error:
        graph(replace(applied, network=found, pools=pools))
    assert str(error.value) == (
        "network.private_subnets: none is in ap-northeast-2b "
        "(they are in ap-northeast-2a, ap-northeast-2c)"
    )


def test_who_applied_it_first_may_use_a_cluster_that_names_nobody(applied: Cluster) -> None:
    first, another = role("path/Applier"), role("Another")

    def entry(key: str, **more: Any) -> tuple[str, str]:
        made = graph(replace(applied, access={}), **more)
        assert made.one("aws:eks/cluster:Cluster").inputs["tags"]["easymaker:applier"] == key
        found = made.one("aws:eks/accessEntry:AccessEntry")
        assert found.ignore_changes == ("principalArn",)
        return found.name, found.inputs["principalArn"]

    assert entry(key_of(first)) == (f"dev-{key_of(first)}", first)
    # Of the next one nothing is known but that the entry stays where it is.
    found = entry(key_of(another), answers=_there(tags={"easymaker:applier": key_of(another)}))
    assert found == (f"dev-{key_of(another)}", first)


def test_naming_who_applied_it_first_keeps_the_entry(applied: Cluster) -> None:
    """EKS would refuse the named one: it has one entry for a principal."""
    before = graph(replace(applied, access={})).one("aws:eks/accessEntry:AccessEntry")
    named = AccessEntry("platform", role("path/Applier"), "cluster-admin", ())
    made = graph(replace(applied, access={"platform": named}))
    after = made.one("aws:eks/accessEntry:AccessEntry")
    assert (after.urn, after.inputs) == (before.urn, before.inputs)
    assert "easymaker:applier" not in made.one("aws:eks/cluster:Cluster").inputs["tags"]


def _there(
    tags: Mapping[str, str], pools: Mapping[str, Mapping[str, Any]] | None = None
) -> Answers:
    """The account when the cluster is there, with tags and node groups by name."""

    def calls(token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        match token.rpartition(":")[2]:
            case "getClusters":
                return {"names": ["dev"]}
            case "getCluster":
                return {"tags": dict(tags)}
            case "getNodeGroups":
                return {"names": list(pools or {})}
            case "getNodeGroup":
                name = inputs["nodeGroupName"]
                return {"nodeGroupName": name, **(pools or {})[name]}
        assert ANSWERS.calls is not None
        return ANSWERS.calls(token, inputs)

    return replace(ANSWERS, calls=calls)


def test_size_that_there_is_goes_with_new_bounds(applied: Cluster) -> None:
    pools = {**applied.pools, "gpu": replace(applied.pools["gpu"], max=9)}
    changed = replace(applied, pools=pools)
    sizes = [{"minSize": 0, "maxSize": 4, "desiredSize": 3}]
    there = {"gpu-1": {"labels": labels(applied.pools["gpu"]), "scalingConfigs": sizes}}
    made = graph(changed, answers=_there(tags={}, pools=there))
    group = made.named("aws:eks/nodeGroup:NodeGroup", "gpu")
    assert group.inputs["scalingConfig"] == {"minSize": 0, "maxSize": 9, "desiredSize": 3}
    assert group.ignore_changes == ()
    assert made.named("aws:eks/nodeGroup:NodeGroup", "cpu").ignore_changes == (
        "scalingConfig.desiredSize",
    )


INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
NETWORKS: dict[str, tuple[dict[str, Any], set[str]]] = {
    # The rules of a new one are its own range, those of one that exists all ranges that it has.
    "new": ({}, {"10.0.0.0/16"}),
    "existing": (
        {"network": ExistingNetwork("vpc-0123456789", ("subnet-0a", "subnet-0c"))},
        {"10.9.0.0/16", "100.64.0.0/16"},
    ),
    "named": (
        {"endpoint_access": EndpointAccess((), ("10.1.0.0/16", "172.16.0.0/12"))},
        {"10.1.0.0/16", "172.16.0.0/12"},
    ),
}


@pytest.mark.parametrize("case", NETWORKS)
def test_ranges_of_the_network_reach_api_server_and_gateway(applied: Cluster, case: str) -> None:
    """EKS's group admits its own members alone, and the balancer's has no rule of itself."""
    changed, expected = NETWORKS[case]
    made = graph(replace(applied, **changed))
    keys = ("securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4")
    # Named by its range: EC2 has no two rules alike, not even while one takes another's place.
    admitted = {
        node.name: tuple(node.inputs[key] for key in keys)
        for node in made.all(INGRESS)
        if "cidrIpv4" in node.inputs
    }
    assert admitted == {
        f"dev-{use}-{cidr}": (group, "tcp", port, port, cidr)
        for use, group, port in (("api", "sg-cluster", 443), ("callers", "dev-balancer-id", 80))
        for cidr in expected
    }


def test_nodes_and_volumes_have_the_tags_that_their_group_began_with(applied: Cluster) -> None:
    """Other tags would be another version of the template, which drains the nodes that run."""
    tagged = replace(applied, tags={"team": "vision"})
    sizes = {"scalingConfigs": [{"minSize": 0, "maxSize": 4, "desiredSize": 3}]}
    there = {"gpu-1": {"labels": labels(applied.pools["gpu"]), **sizes}}
    made = graph(tagged, answers=_there(tags={}, pools=there))
    templates = {node.name: node for node in made.all("aws:ec2/launchTemplate:LaunchTemplate")}
    tags = [{"resourceType": of, "tags": {"team": "vision"}} for of in ("instance", "volume")]
    assert {node.inputs["tagSpecifications"] == tags for node in templates.values()} == {True}
    assert templates["gpu"].ignore_changes == ("tagSpecifications",)
    # Made now, or anew: nothing runs on it.
    assert templates["cpu"].ignore_changes == ()
    other = {**applied.pools, "gpu": replace(applied.pools["gpu"], disk=500)}
    anew = graph(replace(tagged, pools=other), answers=_there(tags={}, pools=there))
    assert anew.named("aws:ec2/launchTemplate:LaunchTemplate", "gpu").ignore_changes == ()
