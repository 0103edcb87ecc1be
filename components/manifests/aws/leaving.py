"""Node groups that a change takes away, and what still runs on their nodes."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.manifests import Manifest
from components.manifests.aws.pool import REVISION_LABEL, Group, revision
from components.manifests.metadata import ENDPOINT_LABEL, KIND_LABEL, NAME_LABEL
from schemas.resolved_cluster import Cluster

GROUP_LABEL = "eks.amazonaws.com/nodegroup"
"""EKS labels nodes with the name of their group."""
_ENDED = {"Succeeded", "Failed"}
_KINDS = {"experiment", "notebook", "stage", "training"}
"""What people wrote down; readers of logs and the like come back on any node."""


@dataclass(frozen=True)
class Leaving:
    """A node group that goes; a replaced one has a successor of the same pool."""

    group: str
    pool: str
    replaced: bool

    @property
    def sentence(self) -> str:
        """What happens to it."""
        if self.replaced:
            return f"pool {self.pool!r} gets new nodes, and the old ones go"
        return f"pool {self.pool!r} goes, with its nodes"


def leaving(spec: Cluster, groups: Sequence[Group]) -> list[Leaving]:
    """Of the node groups that there are those that this spec ends."""
    found = []
    for group in groups:
        kept = spec.node_groups.get(group.pool)
        if group.pool and (kept is None or revision(kept) != group.labels[REVISION_LABEL]):
            found.append(Leaving(group.name, group.pool, replaced=group.pool in spec.pools))
    return found


def occupied(
    gone: Leaving, nodes: Sequence[Manifest], pods: Sequence[Manifest], label: str
) -> list[str]:
    """What runs on the nodes of a group, each by kind and name."""
    own = {
        node["metadata"]["name"]
        for node in nodes
        if node["metadata"].get("labels", {}).get(label) == gone.group
    }
    return sorted({_told(pod) for pod in pods if _runs(pod) and pod["spec"].get("nodeName") in own})


def warnings(
    gone: Sequence[Leaving],
    nodes: Sequence[Manifest],
    pods: Sequence[Manifest],
    label: str = GROUP_LABEL,
) -> list[str]:
    """A sentence for each group that still runs something; nodes have its name in `label`."""
    found = []
    for item in gone:
        if running := occupied(item, nodes, pods, label):
            found.append(f"{item.sentence}; on them run {', '.join(running)}")
    return found


def _runs(pod: Manifest) -> bool:
    labels = pod["metadata"].get("labels", {})
    phase = pod.get("status", {}).get("phase")
    return NAME_LABEL in labels and labels.get(KIND_LABEL) in _KINDS and phase not in _ENDED


def _told(pod: Manifest) -> str:
    labels = pod["metadata"]["labels"]
    name, kind = labels[NAME_LABEL], labels[KIND_LABEL]
    if endpoint := labels.get(ENDPOINT_LABEL):
        name = f"{endpoint}.{name}"
    return f"{kind} {name} of workspace {pod['metadata']['namespace']}"
