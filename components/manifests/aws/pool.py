"""What a pool becomes: its nodes' image, labels and taints, and the tags of their group."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.resolved_cluster import ACCELERATOR_LABEL, POOL_LABEL, Pool
from schemas.text import to_json

REVISION_LABEL = "easymaker.io/pool-revision"
"""Of nodes: what they were made of. Nodes of another revision are about to be replaced."""
_TEMPLATE = "k8s.io/cluster-autoscaler/node-template"
_IMAGES = {
    ("cpu", "x86_64"): "AL2023_x86_64_STANDARD",
    ("cpu", "arm64"): "AL2023_ARM_64_STANDARD",
    ("gpu", "x86_64"): "AL2023_x86_64_NVIDIA",
    ("gpu", "arm64"): "AL2023_ARM_64_NVIDIA",
}
_EFFECTS = {
    "NoSchedule": "NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
}


class Taint(NamedTuple):
    """As EKS takes it."""

    key: str
    value: str
    effect: str


class GroupTag(NamedTuple):
    """A tag of an autoscaling group; those that spread are on its instances too."""

    key: str
    value: str
    spreads: bool


@dataclass(frozen=True)
class Group:
    """A node group that there is, with the sizes that it has now."""

    name: str
    labels: Mapping[str, str]
    min: int
    max: int
    desired: int

    @property
    def pool(self) -> str:
        """Whose nodes it has; empty if it is somebody else's."""
        return self.labels.get(POOL_LABEL, "") if REVISION_LABEL in self.labels else ""


class Size(NamedTuple):
    """How many nodes a group begins with, or goes to; one that is `free` the autoscaler set."""

    desired: int
    free: bool


def size(pool: Pool, groups: Sequence[Group]) -> Size:
    """Of the pool's group, among those that there are.

    The autoscaler's size is left alone, until something is sent about sizes: then it is sent too,
    as it is now. The engine would send the one that it knows, and end nodes that are in use.
    """
    own = [group for group in groups if group.pool == pool.name]
    if not own:
        return Size(pool.min, pool.min != pool.max)
    same = [group for group in own if group.labels[REVISION_LABEL] == revision(pool)]
    if any((group.min, group.max) == (pool.min, pool.max) for group in same):
        return Size(pool.min, pool.min != pool.max)
    now = max(group.desired for group in same or own)
    return Size(min(max(now, pool.min), pool.max), False)


def stands(pool: Pool, groups: Sequence[Group]) -> bool:
    """Whether there is a group of its nodes as they are to be."""
    own = [group for group in groups if group.pool == pool.name]
    return any(group.labels[REVISION_LABEL] == revision(pool) for group in own)


def ami_type(pool: Pool) -> str:
    """Amazon Linux, with NVIDIA's drivers where there are GPUs."""
    return _IMAGES[pool.core_type, pool.architecture]


def revision(pool: Pool) -> str:
    """A hash of all that only new nodes have."""
    made_of = {
        "image": ami_type(pool),
        "types": pool.instance_types,
        "capacity": pool.capacity,
        "reservation": pool.reservation,
        "zones": pool.zones,
        "disk": pool.disk,
    }
    return hashlib.sha256(to_json(made_of).encode()).hexdigest()[:10]


def labels(pool: Pool) -> dict[str, str]:
    """Of its nodes: the spec's, and what finds them."""
    own = {REVISION_LABEL: revision(pool)}
    if pool.gpu_count:
        own[ACCELERATOR_LABEL] = re.sub("[^a-z0-9]+", "-", pool.gpu_model.lower()).strip("-")
    return dict(sorted({**pool.node_labels, **own}.items()))


def taints(pool: Pool) -> list[Taint]:
    """Of its nodes, in the order of their keys."""
    return [
        Taint(key, taint.value, _EFFECTS[taint.effect])
        for key, taint in sorted(pool.node_taints.items())
    ]


def group_tags(pool: Pool, tags: Mapping[str, str]) -> list[GroupTag]:
    """Of its autoscaling group: what a node of it would be like, for while there is none, and the
    spec's tags, which a node group does not hand on."""
    told = {f"label/{key}": value for key, value in labels(pool).items()}
    told |= {
        f"taint/{key}": f"{taint.value}:{taint.effect}" for key, taint in pool.node_taints.items()
    }
    told["resources/ephemeral-storage"] = f"{pool.disk}Gi"
    if pool.gpu_count:
        told["resources/nvidia.com/gpu"] = str(pool.gpu_count)
    templates = [GroupTag(f"{_TEMPLATE}/{key}", value, False) for key, value in told.items()]
    return sorted([*templates, *(GroupTag(key, value, True) for key, value in tags.items())])
