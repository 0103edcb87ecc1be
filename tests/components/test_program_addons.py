"""The graph of a cluster's add-ons: what is registered, below what, after what."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

import live.pools
import program_addons
from components.manifests import Manifest
from schemas import load_any, resolved_cluster
from schemas.addons import KARPENTER
from schemas.platform import KubernetesTarget
from tests.support import cluster_outputs
from tests.support.recorder import Graph, Node, record

STACKS = Path(__file__).parents[2] / "stacks"


def example() -> resolved_cluster.ClusterAddons:
    found = load_any(STACKS / "aws-addons.yaml")
    assert isinstance(found, resolved_cluster.ClusterAddons)
    return found


SPEC = example()
HERE = replace(
    SPEC, target=KubernetesTarget(type="kubernetes", context="here"), autoscaler="none", logs=None
)
NODES = replace(SPEC, autoscaler="karpenter")
_COMPONENT = "easymaker:addons:"


def definitions(bundle: str) -> list[Manifest]:
    return [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"things.{bundle}"},
        }
    ]


def graph(
    spec: resolved_cluster.ClusterAddons = SPEC,
    outputs: Mapping[str, Any] = cluster_outputs.OUTPUTS,
    preview: bool = False,
) -> Graph:
    async def told(stack: str) -> Mapping[str, Any]:
        assert stack == "organization/easymaker/aws-cluster"
        return outputs

    settings = program_addons.Settings(
        stack="easymaker/addons", definitions=definitions, outputs=told
    )
    return record(lambda: program_addons.build(spec, settings), preview=preview)


def components(made: Graph) -> dict[str, Node]:
    return {node.name: node for node in made.nodes.values() if node.type.startswith(_COMPONENT)}


def below(made: Graph, name: str) -> list[Node]:
    parent = components(made)[name].urn
    return [node for node in made.nodes.values() if node.parent == parent]


def test_what_a_cluster_on_aws_gets() -> None:
    made = graph()
    assert {
        name: node.type.removeprefix(_COMPONENT) for name, node in components(made).items()
    } == {
        "gateway-api-crds": "Definitions",
        "gateway": "Gateway",
        "gpu": "DevicePlugin",
        "storage": "Storage",
        "autoscaler": "ClusterAutoscaler",
        "logs": "Logs",
    }
    for node in made.nodes.values():
        if node.type.startswith("kubernetes:"):
            assert made.nodes[node.parent].type.startswith(_COMPONENT)
            assert node.provider
    provider = made.one("pulumi:providers:kubernetes")
    assert provider.inputs | {"kubeClientSettings": ""} == {
        "context": cluster_outputs.ARN,
        "kubeconfig": cluster_outputs.OUTPUTS["kubeconfig"],
        "clusterIdentifier": cluster_outputs.ARN,
        "kubeClientSettings": "",
    }
    deployments = made.all("kubernetes:apps/v1:Deployment")
    (autoscaler,) = [node for node in deployments if node.name.endswith("cluster-autoscaler")]
    (container,) = autoscaler.inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"].endswith("/cluster-autoscaler:v1.36.0")


def test_another_cluster_gets_what_needs_no_aws() -> None:
    made = graph(HERE, {})
    assert set(components(made)) == {"gateway-api-crds", "gateway", "gpu"}
    provider = made.one("pulumi:providers:kubernetes")
    assert provider.inputs["context"] == provider.inputs["clusterIdentifier"] == "here"
    assert "kubeconfig" not in provider.inputs


def test_what_is_not_wanted_is_not_there() -> None:
    bare = replace(
        HERE,
        gateway=replace(HERE.gateway, definitions=False),
        gpu=resolved_cluster.AddonGpu(device_plugin=False),
    )
    assert set(components(graph(bare, {}))) == {"gateway"}


def test_gateways_come_after_their_definitions() -> None:
    made = graph()
    (definition,) = below(made, "gateway-api-crds")
    for node in below(made, "gateway"):
        assert definition.urn in node.depends_on


def test_node_pools_go_before_the_controllers_that_empty_them() -> None:
    made = graph(NODES)
    pools = below(made, "node-pools")
    assert sorted(node.inputs["kind"] for node in pools) == ["EC2NodeClass"] * 2 + ["NodePool"] * 2
    controllers = {node.urn for node in below(made, "karpenter")}
    (definition,) = below(made, "karpenter-crds")
    for node in pools:
        assert controllers <= set(node.depends_on)
    for node in below(made, "karpenter"):
        assert definition.urn in node.depends_on
    (deployment,) = [
        node for node in below(made, "karpenter") if node.inputs["kind"] == "Deployment"
    ]
    (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"] == KARPENTER


def test_what_stands_in_a_namespace_of_ours_goes_with_it() -> None:
    made = graph()
    for name in ("gateway", "logs"):
        (home,) = [node for node in below(made, name) if node.inputs["kind"] == "Namespace"]
        for node in below(made, name):
            inside = "namespace" in node.inputs["metadata"]
            assert node.deleted_with == (home.urn if inside else "")
            assert node is home or home.urn in node.depends_on
    for node in below(made, "autoscaler"):
        assert node.deleted_with == ""


def test_pods_come_after_what_lets_them_work() -> None:
    made = graph()
    for name, kind in (
        ("gateway", "Deployment"),
        ("autoscaler", "Deployment"),
        ("logs", "DaemonSet"),
    ):
        nodes = below(made, name)
        (pods,) = [node for node in nodes if node.inputs["kind"] == kind]
        needed = [node for node in nodes if node.inputs["kind"] in ("ConfigMap", "ServiceAccount")]
        needed += [node for node in nodes if node.inputs["kind"].endswith("RoleBinding")]
        assert {node.urn for node in needed} <= set(pods.depends_on)


def test_what_workspaces_need_to_know_is_said() -> None:
    made = graph()
    said = made.outputs[components(made)["gateway"].urn]
    assert said == {
        "objects": len(below(made, "gateway")),
        "namespace": "easymaker-gateway",
        "name": "easymaker",
        "listener": "http",
        "pod_selector": {"app.kubernetes.io/name": "traefik"},
        "node_port": 30080,
    }


@pytest.fixture(name="nodes", autouse=True)
def _nodes(monkeypatch: pytest.MonkeyPatch) -> list[Manifest]:
    """Karpenter's nodes that there are; on each of them a notebook runs."""
    nodes: list[Manifest] = []

    def read(context: live.Context) -> tuple[list[Manifest], list[Manifest]]:
        labels = {"easymaker.io/kind": "notebook", "easymaker.io/name": "explore"}
        of = {"namespace": "iris", "labels": labels}
        return nodes, [{"metadata": of, "spec": {"nodeName": n["metadata"]["name"]}} for n in nodes]

    monkeypatch.setattr(live.pools, "_read_karpenters", read)
    return nodes


@pytest.mark.parametrize("spec", [SPEC, NODES], ids=["cluster-autoscaler", "karpenter"])
def test_a_preview_says_what_runs_where_karpenters_pools_go(
    spec: resolved_cluster.ClusterAddons, nodes: list[Manifest], caplog: pytest.LogCaptureFixture
) -> None:
    for pool in ("gpu", "gone"):
        nodes.append({"metadata": {"name": pool, "labels": {"easymaker.io/pool": pool}}})
    graph(spec, preview=True)
    told = "pool {!r} goes, with its nodes; on them run notebook explore of workspace iris"
    assert told.format("gone") in caplog.text
    # With another autoscaler all of Karpenter's go.
    assert (told.format("gpu") in caplog.text) is (spec is SPEC)


@pytest.mark.parametrize("spec", [SPEC, HERE, NODES], ids=["aws", "kubernetes", "karpenter"])
def test_a_preview_shows_all_that_up_makes(spec: resolved_cluster.ClusterAddons) -> None:
    assert graph(spec, preview=True).nodes.keys() == graph(spec).nodes.keys()


def test_a_cluster_that_is_not_there_yet_is_named() -> None:
    with pytest.raises(pulumi.RunError, match="aws-cluster has no outputs yet"):
        graph(outputs={})


@pytest.mark.parametrize("spec", [SPEC, NODES], ids=["cluster-autoscaler", "karpenter"])
def test_nodes_need_a_cluster_that_is_made_for_them(spec: resolved_cluster.ClusterAddons) -> None:
    outputs = {**cluster_outputs.OUTPUTS, "roles": {}}
    with pytest.raises(pulumi.RunError, match=f"set its `provisioner` to {spec.autoscaler} and"):
        graph(spec, outputs)
    none = replace(spec, autoscaler="none")
    assert "autoscaler" not in components(graph(none, outputs))


def test_another_cluster_is_not_taken_for_this_one() -> None:
    with pytest.raises(pulumi.RunError, match="made 'dev', not 'prod'"):
        graph(replace(SPEC, name="prod"))


def test_the_pinned_definitions_are_karpenters_release() -> None:
    """They and the controllers change together."""
    module = Path(__file__).parents[2] / "tools" / "modules" / "karpenter-crds" / "go.mod"
    (line,) = [text for text in module.read_text().splitlines() if "karpenter-provider-aws" in text]
    version = line.split()[-1].removeprefix("v")
    assert f":{version}@sha256:" in KARPENTER
