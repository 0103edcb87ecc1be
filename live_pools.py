"""What runs on the nodes that a change of a cluster takes away."""

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import live
from components.manifests import Manifest
from components.manifests.aws import leaving
from components.manifests.aws.kubeconfig import kubeconfig
from components.manifests.metadata import KIND_LABEL
from schemas.resolved_cluster import Cluster

Ask = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]
"""Asks AWS: the name of a function of its provider, and its inputs."""
Read = Callable[[live.Context], tuple[list[Manifest], list[Manifest]]]
"""Reads nodes and pods. Raises live.LiveError."""


async def warnings(spec: Cluster, ask: Ask, read: Read | None = None) -> list[str]:
    """A sentence for each pool that goes or is replaced while something runs on its nodes.

    The cluster itself is asked only then: few of those who preview a change reach its API server.
    """
    there = await ask("getClusters", {})
    if spec.name not in there["names"]:
        return []
    own = {"clusterName": spec.name}
    names = (await ask("getNodeGroups", own))["names"]
    groups = await asyncio.gather(
        *(ask("getNodeGroup", {**own, "nodeGroupName": name}) for name in names)
    )
    labels = {name: group.get("labels") or {} for name, group in zip(names, groups, strict=True)}
    gone = leaving.leaving(spec, labels)
    if not gone:
        return []
    found = await ask("getCluster", {"name": spec.name})
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


def _look(context: str, text: str, read: Read) -> tuple[list[Manifest], list[Manifest]]:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
        file.write(text)
        file.flush()
        return read(live.Context(context, Path(file.name)))


def _read(context: live.Context) -> tuple[list[Manifest], list[Manifest]]:
    asked = [
        ["nodes", "-l", leaving.GROUP_LABEL],
        ["pods", "--all-namespaces", "-l", KIND_LABEL],
    ]
    nodes, pods = (
        json.loads(live.kubectl_says(context, ["get", *what, "-o", "json"]))["items"]
        for what in asked
    )
    return nodes, pods
