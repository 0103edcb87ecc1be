"""The EKS add-ons of a cluster: what each needs, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.text import to_json


@dataclass(frozen=True, kw_only=True)
class Addon:
    """`policies` are those of AWS that pods of its service account need."""

    name: str
    before_nodes: bool
    """Whether nodes become ready by it. Others have Deployments, which wait for nodes."""
    service_account: str = ""
    policies: tuple[str, ...] = ()
    encrypts: bool = False
    """Whether its pods use the cluster's key, of which the policies of AWS know nothing."""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def configuration(self) -> str | None:
        """Settings as EKS takes them."""
        return to_json(self.settings) if self.settings else None


_CHOSEN_TAG = "easymaker:addon/"
NAMESPACE = "kube-system"
"""Of all of them."""
ADDONS = (
    Addon(name="eks-pod-identity-agent", before_nodes=True),
    Addon(name="kube-proxy", before_nodes=True),
    Addon(
        name="vpc-cni",
        before_nodes=True,
        service_account="aws-node",
        policies=("AmazonEKS_CNI_Policy",),
        # Text, as the add-on's schema has it.
        settings={"enableNetworkPolicy": "true"},
    ),
    Addon(name="coredns", before_nodes=False),
    Addon(
        name="aws-ebs-csi-driver",
        before_nodes=False,
        service_account="ebs-csi-controller-sa",
        policies=("service-role/AmazonEBSCSIDriverPolicy",),
        encrypts=True,
    ),
    Addon(
        name="aws-efs-csi-driver",
        before_nodes=False,
        service_account="efs-csi-controller-sa",
        policies=("service-role/AmazonEFSCSIDriverPolicy",),
    ),
    # No role: a volume reads with the rights of the pod that mounts it, or any could read all.
    Addon(
        name="aws-mountpoint-s3-csi-driver",
        before_nodes=False,
        settings={"node": {"tolerateAllTaints": True}},
    ),
    Addon(name="metrics-server", before_nodes=False),
)


def chosen_tags(versions: Mapping[str, str], kubernetes: str) -> dict[str, str]:
    """Tags of a cluster: which versions were chosen for a version of Kubernetes, by add-on."""
    return {f"{_CHOSEN_TAG}{name}": f"{kubernetes}/{text}" for name, text in versions.items()}


def chosen(tags: Mapping[str, str], kubernetes: str) -> dict[str, str]:
    """What such tags say of a version of Kubernetes."""
    return {
        key.removeprefix(_CHOSEN_TAG): text.removeprefix(f"{kubernetes}/")
        for key, text in tags.items()
        if key.startswith(_CHOSEN_TAG) and text.startswith(f"{kubernetes}/")
    }
