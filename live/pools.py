"""The node groups that there are, and what runs on those that a change takes away."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import live
from components.manifests import Manifest
from components.manifests.aws import leaving
from components.manifests.aws.kubeconfig import kubeconfig
from components.manifests.aws.pool import Group
from components.manifests.metadata import KIND_LABEL
from live.cluster import Ask
from schemas.resolved_cluster import POOL_LABEL, Cluster

Read = Callable[[live.Context], tuple[list[Manifest], list[Manifest]]]
"""Reads nodes and pods. Raises live.LiveError."""


async def groups(cluster: str, ask: Ask) -> list[Group]:
    """The node groups of a cluster, if there is one of the name."""
    if cluster not in (await ask("eks/getClusters", {}))["names"]:
        return []
    own = {"clusterName": cluster}
    names = (await ask("eks/getNodeGroups", own))["names"]
    found = await asyncio.gather(
        *(ask("eks/getNodeGroup", {**own, "nodeGroupName": name}) for name in sorted(names))
    )
    return [_group(item) for item in found]


def _group(found: Mapping[str, Any]) -> Group:
    sizes = found["scalingConfigs"][0]
    return Group(
        name=found["nodeGroupName"],
        labels=found.get("labels") or {},
        min=int(sizes["minSize"]),
        max=int(sizes["maxSize"]),
        desired=int(sizes["desiredSize"]),
    )


async def warnings(
    spec: Cluster, there: Sequence[Group], ask: Ask, read: Read | None = None
) -> list[str]:
    """A sentence for each pool that goes or is replaced while something runs on its nodes.

    The cluster itself is asked only then: few of those who preview a change reach its API server.
    """
    gone = leaving.leaving(spec, there)
    if not gone:
        return []
    found = await ask("eks/getCluster", {"name": spec.name})
    text = kubeconfig(
        name=spec.name,
        arn=found["arn"],
        endpoint=found["endpoint"],
        authority=found["certificateAuthorities"][0]["data"],
        region=spec.region,
    )
    try:
        nodes, pods = await asyncio.to_thread(_look, found["arn"], text, read or _read)
    except live.LiveError as error:
        why = str(error)
        return [f"{item.sentence}; what runs on them is not known: {why}" for item in gone]
    return leaving.warnings(gone, nodes, pods)


async def karpenters(
    context: str, kubeconfig: str, kept: Collection[str], read: Read | None = None
) -> list[str]:
    """A sentence for each of Karpenter's pools that goes while something runs on its nodes; `kept`
    are the names of those that stay."""
    try:
        nodes, pods = await asyncio.to_thread(_look, context, kubeconfig, read or _read_karpenters)
    except live.LiveError as error:
        return [f"if a pool of Karpenter's goes, what runs on its nodes is not known: {error}"]
    there = {node["metadata"].get("labels", {}).get(POOL_LABEL) for node in nodes}
    gone = [
        leaving.Leaving(pool, pool, replaced=False) for pool in sorted(there - {None, "", *kept})
    ]
    return leaving.warnings(gone, nodes, pods, POOL_LABEL)


def _look(context: str, text: str, read: Read) -> tuple[list[Manifest], list[Manifest]]:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
        file.write(text)
        file.flush()
        return read(live.Context(context, Path(file.name)))


def _read_karpenters(context: live.Context) -> tuple[list[Manifest], list[Manifest]]:
    return _read(context, "karpenter.sh/nodepool")


def _read(
    context: live.Context, label: str = leaving.GROUP_LABEL
) -> tuple[list[Manifest], list[Manifest]]:
    asked = [
        ["nodes", "-l", label],
        ["pods", "--all-namespaces", "-l", KIND_LABEL],
    ]
    nodes, pods = (
        json.loads(live.kubectl_says(context, ["get", *what, "-o", "json"]))["items"]
        for what in asked
    )
    return nodes, pods
