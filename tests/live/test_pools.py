"""When a preview of a cluster looks at what runs in it, and what it says."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import live
from components.manifests import Manifest
from components.manifests.aws.pool import Group, labels
from live import pools
from schemas.resolved_cluster import Cluster
from tests.support.account import ARN, load


@pytest.fixture
def spec(tmp_path: Path) -> Cluster:
    return load(tmp_path)


class Aws:
    """Answers as the provider does, and notes what it was asked."""

    def __init__(self, applied: Cluster | None) -> None:
        self.applied = applied
        self.asked: list[str] = []

    async def ask(self, function: str, inputs: Mapping[str, str]) -> Mapping[str, Any]:
        self.asked.append(function)
        if function == "eks/getClusters":
            return {"names": [self.applied.name] if self.applied else []}
        assert self.applied is not None
        if function == "eks/getNodeGroups":
            assert inputs == {"clusterName": "dev"}
            return {"names": [f"{name}-1" for name in self.applied.node_groups]}
        if function == "eks/getNodeGroup":
            name = inputs["nodeGroupName"]
            sizes = {"minSize": 0.0, "maxSize": 4.0, "desiredSize": 3.0}
            own = labels(self.applied.pools[name.removesuffix("-1")])
            return {"nodeGroupName": name, "labels": own, "scalingConfigs": [sizes]}
        assert (function, inputs) == ("eks/getCluster", {"name": "dev"})
        authority = [{"data": "Q0E="}]
        return {"arn": ARN, "endpoint": "https://api", "certificateAuthorities": authority}


def warned(spec: Cluster, aws: Aws, read: pools.Read) -> list[str]:
    async def run() -> list[str]:
        there = await pools.groups(spec.name, aws.ask)
        return await pools.warnings(spec, there, aws.ask, read)

    return asyncio.run(run())


def never(context: live.Context) -> tuple[list[Manifest], list[Manifest]]:
    raise AssertionError("nothing goes: nothing is to be read")


def without_gpu(spec: Cluster) -> Cluster:
    return replace(spec, pools={"cpu": spec.pools["cpu"]})


def test_groups_are_read_with_their_sizes(spec: Cluster) -> None:
    found = asyncio.run(pools.groups("dev", Aws(spec).ask))
    assert found == [
        Group(f"{name}-1", labels(pool), 0, 4, 3) for name, pool in spec.node_groups.items()
    ]


def test_cluster_that_is_not_there_yet_runs_nothing(spec: Cluster) -> None:
    aws = Aws(None)
    assert warned(spec, aws, never) == []
    assert aws.asked == ["eks/getClusters"]


def test_cluster_is_left_alone_while_no_group_goes(spec: Cluster) -> None:
    aws = Aws(spec)
    assert warned(spec, aws, never) == []
    assert "eks/getCluster" not in aws.asked


def test_what_runs_where_a_pool_goes_is_read_in_the_cluster(spec: Cluster) -> None:
    def read(context: live.Context) -> tuple[list[Manifest], list[Manifest]]:
        assert context.name == ARN
        assert context.file is not None
        found = json.loads(context.file.read_text(encoding="utf-8"))
        assert found["clusters"][0]["cluster"]["server"] == "https://api"
        own = {"eks.amazonaws.com/nodegroup": "gpu-1"}
        pod = {
            "metadata": {
                "namespace": "iris",
                "labels": {"easymaker.io/kind": "notebook", "easymaker.io/name": "explore"},
            },
            "spec": {"nodeName": "a"},
        }
        return [{"metadata": {"name": "a", "labels": own}}], [pod]

    assert warned(without_gpu(spec), Aws(spec), read) == [
        "pool 'gpu' goes, with its nodes; on them run notebook explore of workspace iris"
    ]


def test_cluster_out_of_reach_is_said(spec: Cluster) -> None:
    def read(context: live.Context) -> tuple[list[Manifest], list[Manifest]]:
        raise live.LiveError("the cluster can't be read: no answer in 15 seconds")

    assert warned(without_gpu(spec), Aws(spec), read) == [
        "pool 'gpu' goes, with its nodes; what runs on them is not known: "
        "the cluster can't be read: no answer in 15 seconds"
    ]
