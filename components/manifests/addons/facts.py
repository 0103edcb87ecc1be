"""What the stack of a cluster says of it, for what runs inside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class MissingFacts(Exception):
    """The stack does not say what is needed; one sentence says so."""


@dataclass(frozen=True, slots=True)
class NodePool:
    """Nodes that are alike, made one by one for pods that wait."""

    name: str
    instance_types: tuple[str, ...]
    max: int
    vcpu: int
    """CPUs of a node; all of its types have as many."""
    capacity: str
    """`on_demand`, `spot` or `capacity_block`."""
    reservation: str
    """Empty but for a capacity block."""
    zones: tuple[str, ...]
    disk: int
    """GB."""
    labels: dict[str, str]
    taints: dict[str, dict[str, str]]
    """Value and effect by key."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A cluster on AWS."""

    name: str
    region: str
    kubernetes_version: str
    endpoint: str
    key_arn: str = ""
    """Key of its volumes; empty: AWS's own."""
    security_group: str = ""
    """Of its nodes."""
    log_group: str = ""
    """Of the pods' logs."""
    subnets: tuple[str, ...] = ()
    sizes_groups: bool = False
    """Whether there is a role for the cluster autoscaler."""
    node_role: str = ""
    """Name of the role of nodes that Karpenter makes."""
    interruption_queue: str = ""
    """Name of the queue that tells of spot nodes about to go; empty if there is none."""
    node_pools: dict[str, NodePool] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    """Of the nodes that Karpenter makes, and their volumes."""


def facts(stack: str, outputs: Mapping[str, Any]) -> Facts:
    """Read the outputs of a stack. Raises MissingFacts."""
    if not outputs.get("cluster"):
        raise MissingFacts(
            f"target: the cluster stack {stack} has no outputs yet (cluster): apply it first"
        )
    pools = dict(sorted((outputs.get("node_pools") or {}).items()))
    if old := [name for name, pool in pools.items() if "vcpu" not in pool]:
        raise MissingFacts(
            f"target: the cluster stack {stack} does not say how many CPUs nodes have "
            f"(node_pools.{old[0]}): apply it again"
        )
    cluster = outputs["cluster"]
    roles: Mapping[str, str] = outputs.get("roles") or {}
    return Facts(
        name=cluster["name"],
        region=cluster["region"],
        kubernetes_version=str(cluster["kubernetes_version"]),
        endpoint=cluster["endpoint"],
        security_group=cluster.get("security_group") or "",
        key_arn=outputs.get("key_arn") or "",
        log_group=(outputs.get("logs") or {}).get("pods", ""),
        subnets=tuple(outputs.get("private_subnets") or ()),
        sizes_groups="cluster_autoscaler" in roles,
        tags=dict(outputs.get("tags") or {}),
        # The part after the last slash of an ARN is the role's name.
        node_role=roles.get("karpenter_node", "").rpartition("/")[2],
        interruption_queue=outputs.get("interruption_queue") or "",
        node_pools={
            name: NodePool(
                name=name,
                instance_types=tuple(pool["instance_types"]),
                # Numbers of outputs come back as floats.
                max=int(pool["max"]),
                vcpu=int(pool["vcpu"]),
                capacity=pool["capacity"],
                reservation=pool.get("reservation") or "",
                zones=tuple(pool["zones"]),
                disk=int(pool["disk"]),
                labels=dict(pool["labels"]),
                taints={key: dict(taint) for key, taint in pool["taints"].items()},
            )
            for name, pool in pools.items()
        },
    )
