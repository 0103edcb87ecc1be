"""The program on AWS: the provider and what the workloads of the workspace become."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests import nas, policies
from schemas import resolved
from tests.components.test_program import graph
from tests.support import cluster_stack

PROVIDER = "pulumi:providers:kubernetes"


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> resolved.Workspace:
    return cluster_stack.workspace(tmp_path_factory.mktemp("spec"))


def provider(spec: resolved.Workspace) -> dict[str, Any]:
    wanted = ("kubeconfig", "context", "clusterIdentifier")
    inputs = graph(spec).one(PROVIDER).inputs
    return {key: inputs[key] for key in wanted if key in inputs}


def test_cluster_is_reached_as_its_stack_says(spec: resolved.Workspace) -> None:
    assert provider(spec) == {
        "kubeconfig": cluster_stack.OUTPUTS["kubeconfig"],
        "clusterIdentifier": cluster_stack.ARN,
    }


def test_own_context_is_the_same_cluster(spec: resolved.Workspace) -> None:
    target = spec.platform.target.model_copy(update={"context": "proxy"})
    proxied = replace(spec, platform=replace(spec.platform, target=target))
    assert provider(proxied) == {"context": "proxy", "clusterIdentifier": cluster_stack.ARN}


def test_file_system_is_the_clusters(spec: resolved.Workspace) -> None:
    volume = nas.volumes(spec)[0]
    assert volume["spec"]["csi"] == {
        "driver": "efs.csi.aws.com",
        "volumeHandle": "fs-0123456789abcdef0",
    }


def test_pods_reach_s3(spec: resolved.Workspace, tmp_path: Path) -> None:
    found = {p["metadata"]["name"]: p["spec"] for p in policies.policies(spec)}
    assert found["allow-object-storage"]["egress"] == [
        {
            "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}],
            "ports": [{"protocol": "TCP", "port": 443}],
        }
    ]
