"""Pools: groups of nodes that exist, looked at and never made."""

from collections.abc import Mapping, Sequence

from components.manifests import Manifest
from schemas import resolved


def used_flavors(workspace: resolved.Workspace) -> dict[str, resolved.Flavor]:
    """Those that something in the spec has, by name."""
    stages = [stage for item in workspace.endpoints.values() for stage in item.stages.values()]
    flavors = {
        **{item.flavor.name: item.flavor for item in workspace.trainings.values()},
        **{item.flavor.name: item.flavor for item in stages},
        **{item.flavor.name: item.flavor for item in workspace.notebooks.values()},
    }
    return dict(sorted(flavors.items()))


def used_pools(workspace: resolved.Workspace) -> dict[str, list[str]]:
    """Of the pools that something in the spec runs on: the flavors that do."""
    found: dict[str, list[str]] = {}
    for name, flavor in used_flavors(workspace).items():
        if flavor.pool is not None:
            found.setdefault(flavor.pool.name, []).append(name)
    return dict(sorted(found.items()))


def check_pools(pools: Mapping[str, resolved.Pool], nodes: Sequence[Manifest]) -> list[str]:
    """What is wrong with the nodes of pools, a sentence each.

    Nothing here stands against applying: nodes may come when pods ask for them.
    """
    found: list[str] = []
    for name, pool in pools.items():
        own = [node for node in nodes if _carries(node, pool)]
        if not own:
            wanted = ", ".join(f"{key}={value}" for key, value in pool.node_selector.items())
            found.append(f"pool {name!r}: no node has the labels {wanted} yet: its pods wait")
        for node in own:
            found += [f"pool {name!r}: node {problem}" for problem in _problems(node, pool)]
    return found


def _carries(node: Manifest, pool: resolved.Pool) -> bool:
    carried = node["metadata"].get("labels", {})
    return all(carried.get(key) == value for key, value in pool.node_selector.items())


def _problems(node: Manifest, pool: resolved.Pool) -> list[str]:
    name = node["metadata"]["name"]
    there = {
        (taint["key"], taint.get("value", ""), taint["effect"])
        for taint in node["spec"].get("taints", ())
    }
    found = [
        f"{name!r} lacks the taint {key}{f'={taint.value}' if taint.value else ''}:{taint.effect}: "
        "pods of others may take its place"
        for key, taint in pool.taints.items()
        if (key, taint.value, taint.effect) not in there
    ]
    gpus = int(node.get("status", {}).get("allocatable", {}).get("nvidia.com/gpu", "0"))
    if gpus < pool.gpus_per_node:
        found.append(
            f"{name!r} offers {gpus} GPUs, not {pool.gpus_per_node}: does its device plugin run?"
        )
    return found
