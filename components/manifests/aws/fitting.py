"""Whether pods of a workspace fit the nodes that its cluster can have."""

from collections.abc import Mapping

from components.manifests.aws.pool import REVISION_LABEL
from components.manifests.pool import used_flavors
from schemas import resolved
from schemas.cluster_outputs import NodePool
from schemas.instance_types import InstanceType, catalogue
from schemas.resolved_cluster import GPU_TAINT
from schemas.units import cpu_text, memory_text

_BLOCKING = ("NoSchedule", "NoExecute")
_TYPE_LABEL = "node.kubernetes.io/instance-type"
_ZONE_LABEL = "topology.kubernetes.io/zone"
_ARCHITECTURE_LABEL = "kubernetes.io/arch"
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
# Labels that kubelet, EKS, Karpenter, the drivers of volumes and NVIDIA's tools give nodes.
_OTHERS = (
    *("kubernetes.io", "k8s.io", "k8s.aws", "karpenter.sh"),
    *("amazonaws.com", "csi.aws.com", "nvidia.com"),
)


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
    lacking = [f"{key}={text}" for key, text in wanted.items() if not _has(pool, key, text)]
    if lacking:
        return f"lacks the label {', '.join(lacking)}"
    if untolerated := _untolerated(flavor, pool.taints):
        return f"has the taint {', '.join(untolerated)}, which no pool of the platform names"
    types = [wanted[_TYPE_LABEL]] if _TYPE_LABEL in wanted else pool.instance_types
    known = [catalogue()[name] for name in types if name in catalogue()]
    return next((reason for kind in known if (reason := _too_small(flavor, kind))), "")


def _has(pool: NodePool, key: str, text: str) -> bool:
    """Whether nodes of a pool carry a label, or some of them may for all that is known here."""
    if key in pool.labels:
        return pool.labels[key] == text
    if key in (told := _told(pool)):
        return text in told[key]
    domain = key.rpartition("/")[0]
    return key == REVISION_LABEL or f".{domain}".endswith(tuple(f".{each}" for each in _OTHERS))


def _told(pool: NodePool) -> dict[str, set[str]]:
    """Labels that follow from what a pool is, with what they may be."""
    types = [catalogue().get(name) for name in pool.instance_types]
    found = {_TYPE_LABEL: {*pool.instance_types}, _ZONE_LABEL: {*pool.zones}}
    if all(types):
        found[_ARCHITECTURE_LABEL] = {_ARCHITECTURES[kind.architecture] for kind in types if kind}
    return found


def _untolerated(flavor: resolved.Flavor, taints: Mapping[str, tuple[str, str]]) -> list[str]:
    own = flavor.pool.taints if flavor.pool else {}
    tolerated = {(key, taint.value, taint.effect) for key, taint in own.items()}
    # EKS has the admission plugin ExtendedResourceToleration (aws/containers-roadmap#739): who asks
    # for GPUs tolerates their taint with any value.
    admitted = (GPU_TAINT, "NoSchedule") if flavor.gpu_count else None
    return [
        f"{key}={value}:{effect}"
        for key, (value, effect) in taints.items()
        if effect in _BLOCKING
        and (key, value, effect) not in tolerated
        and (key, effect) != admitted
    ]


def _too_small(flavor: resolved.Flavor, node: InstanceType) -> str:
    if flavor.gpu_count > node.gpu_count:
        return f"({node.name}) has {node.gpu_count or 'no'} GPU"
    if flavor.requests_cpu > node.free_cpu or flavor.requests_memory > node.free_memory:
        room = f"{cpu_text(node.free_cpu)} CPU, {memory_text(node.free_memory)}"
        return f"({node.name}) has {room} for them"
    return ""
