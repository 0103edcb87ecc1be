"""What the stack of a cluster says of it, for the workspaces on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NEEDED = ("cluster", "kubeconfig", "gateway")


class MissingOutputs(Exception):
    """The stack does not say what is needed; one sentence says so."""


@dataclass(frozen=True, slots=True)
class NodePool:
    """What its nodes are like, made or to be made."""

    instance_types: tuple[str, ...]
    labels: dict[str, str]
    taints: dict[str, tuple[str, str]]
    """Value and effect by key."""
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterOutputs:
    """The outputs of a stack of kind Cluster that a workspace uses."""

    name: str
    arn: str
    region: str
    account: str
    kubeconfig: str
    """JSON, with one context; it holds no credentials, but how to get them."""
    listener_arn: str
    """Listener of the load balancer before the Gateway."""
    gateway_host: str
    """Where that load balancer answers inside the network."""
    vpc_link: str
    pools: dict[str, NodePool] = field(default_factory=dict)
    """By name, whoever makes their nodes."""
    file_systems: dict[str, str] = field(default_factory=dict)
    """As volumes name them, `fs-…::fsap-…`, by the cluster's own name."""
    buckets: dict[str, str] = field(default_factory=dict)
    """S3 name by the cluster's own name."""
    log_groups: dict[str, str] = field(default_factory=dict)
    """Name in CloudWatch by use."""
    key_arn: str = ""
    """Key that buckets are encrypted with; empty if AWS's own is used."""

    @property
    def partition(self) -> str:
        """`aws`, or that of another cloud of AWS's."""
        return self.arn.split(":")[1]


def cluster_outputs(stack: str, outputs: Mapping[str, Any]) -> ClusterOutputs:
    """Read the outputs of a stack. Raises MissingOutputs."""
    missing = [name for name in _NEEDED if not outputs.get(name)]
    if missing:
        raise MissingOutputs(
            f"platform.target: the cluster stack {stack} has no outputs yet "
            f"({', '.join(missing)}): apply it first"
        )
    cluster, gateway = outputs["cluster"], outputs["gateway"]
    return ClusterOutputs(
        name=cluster["name"],
        arn=cluster["arn"],
        region=cluster["region"],
        account=str(cluster["account"]),
        kubeconfig=outputs["kubeconfig"],
        listener_arn=gateway["listener_arn"],
        gateway_host=gateway["host"],
        vpc_link=gateway["vpc_link"],
        pools={
            name: NodePool(
                instance_types=tuple(pool["instance_types"]),
                labels=dict(pool["labels"]),
                taints={
                    key: (taint["value"], taint["effect"]) for key, taint in pool["taints"].items()
                },
                zones=tuple(pool["zones"]),
            )
            for kind in ("pools", "node_pools")
            for name, pool in (outputs.get(kind) or {}).items()
        },
        file_systems=dict(outputs.get("file_systems") or {}),
        buckets=dict(outputs.get("buckets") or {}),
        log_groups=dict(outputs.get("logs") or {}),
        key_arn=outputs.get("key_arn") or "",
    )
