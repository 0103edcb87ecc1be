"""Whether pods of a workspace fit the nodes that its cluster can have."""

from collections.abc import Mapping

from components.manifests.pool import used_flavors
from schemas import resolved
from schemas.cluster_outputs import NodePool
from schemas.instance_types import InstanceType, catalogue
from schemas.units import cpu_text, memory_text

_BLOCKING = ("NoSchedule", "NoExecute")


def misfits(workspace: resolved.Workspace) -> list[str]:
    """A sentence for each flavor in use whose pods would wait for ever: no pool has nodes for it.

    Nothing is known of a cluster whose stack names no pools.
    """
    cluster = workspace.platform.outputs
    found = []
    for name, flavor in used_flavors(workspace).items():
        reasons = {key: _why_not(flavor, pool) for key, pool in cluster.pools.items()}
        if reasons and all(reasons.values()):
            each = "; ".join(f"pool {key!r} {reason}" for key, reason in sorted(reasons.items()))
            found.append(
                f"platform.flavors.{name}: its pods reserve {_size(flavor)} and fit no node of the "
                f"cluster {cluster.name}: {each}"
            )
    return found


def _size(flavor: resolved.Flavor) -> str:
    gpus = f", {flavor.gpu_count} GPU" if flavor.gpu_count else ""
    return f"{cpu_text(flavor.requests_cpu)} CPU, {memory_text(flavor.requests_memory)}{gpus}"


def _why_not(flavor: resolved.Flavor, pool: NodePool) -> str:
    """Why its pods do not come onto nodes of a pool; empty if they do."""
    wanted = flavor.pool.node_selector if flavor.pool else {}
    lacking = [f"{key}={text}" for key, text in wanted.items() if pool.labels.get(key) != text]
    if lacking:
        return f"lacks the label {', '.join(lacking)}"
    if untolerated := _untolerated(flavor, pool.taints):
        return f"has the taint {', '.join(untolerated)}, which no pool of the platform names"
    known = [catalogue()[name] for name in pool.instance_types if name in catalogue()]
    return next((reason for kind in known if (reason := _too_small(flavor, kind))), "")


def _untolerated(flavor: resolved.Flavor, taints: Mapping[str, tuple[str, str]]) -> list[str]:
    own = flavor.pool.taints if flavor.pool else {}
    tolerated = {(key, taint.value, taint.effect) for key, taint in own.items()}
    return [
        f"{key}={value}:{effect}"
        for key, (value, effect) in taints.items()
        if effect in _BLOCKING and (key, value, effect) not in tolerated
    ]


def _too_small(flavor: resolved.Flavor, node: InstanceType) -> str:
    if flavor.gpu_count > node.gpu_count:
        return f"({node.name}) has {node.gpu_count or 'no'} GPU"
    if flavor.requests_cpu > node.free_cpu or flavor.requests_memory > node.free_memory:
        room = f"{cpu_text(node.free_cpu)} CPU, {memory_text(node.free_memory)}"
        return f"({node.name}) has {room} for them"
    return ""
