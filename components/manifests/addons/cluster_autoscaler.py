"""The cluster autoscaler: sizes the groups of nodes that carry the cluster's tags."""

from components.manifests import Manifest
from components.manifests.addons import common
from components.manifests.addons.common import rule
from components.manifests.metadata import labels
from components.manifests.pods import CONTAINER_SECURITY, unprivileged
from schemas.addons import CLUSTER_AUTOSCALER

ADDON = NAME = "cluster-autoscaler"
"""Name of its service account too, in kube-system: its Pod Identity names both."""
_PORT = 8085
_STATUS = f"{NAME}-status"


def objects(cluster: str, region: str, image: str) -> list[Manifest]:
    """Service account with its rights, and the Deployment."""
    found = labels(common.KIND, ADDON)
    deployment = common.made("apps/v1", "Deployment", ADDON, NAME, common.SYSTEM)
    deployment["spec"] = {
        "replicas": 1,
        "selector": {"matchLabels": found},
        # Two of different releases would take turns at the lease.
        "strategy": {"type": "Recreate"},
        "template": {
            "metadata": {"labels": found},
            "spec": {
                "serviceAccountName": NAME,
                "enableServiceLinks": False,
                **common.CRITICAL,
                "securityContext": unprivileged(),
                "containers": [
                    {
                        "name": NAME,
                        "image": image,
                        "imagePullPolicy": "IfNotPresent",
                        "command": ["./cluster-autoscaler", *arguments(cluster)],
                        "env": [{"name": "AWS_REGION", "value": region}],
                        "ports": [{"name": "http", "containerPort": _PORT, "protocol": "TCP"}],
                        "livenessProbe": {
                            "httpGet": {"path": "/health-check", "port": _PORT},
                            "initialDelaySeconds": 60,
                            "periodSeconds": 10,
                        },
                        "resources": {
                            "requests": {"cpu": "50m", "memory": "256Mi"},
                            "limits": {"memory": "1Gi"},
                        },
                        "securityContext": {
                            **CONTAINER_SECURITY,
                            "readOnlyRootFilesystem": True,
                        },
                    }
                ],
            },
        },
    }
    rights = common.account(ADDON, NAME, common.SYSTEM, RULES, OWN_RULES)
    return [*rights, deployment]


def image_of(kubernetes_version: str) -> str:
    """Its first release for a version of Kubernetes, such as 1.36: they go together."""
    return f"{CLUSTER_AUTOSCALER}:v{kubernetes_version}.0"


def arguments(cluster: str) -> list[str]:
    """Its command line."""
    tags = f"k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/{cluster}"
    return [
        "--v=2",
        "--logtostderr=true",
        "--cloud-provider=aws",
        f"--namespace={common.SYSTEM}",
        # Groups are found by their tags, with what a node of theirs would offer: so one that has
        # no node yet can grow.
        f"--node-group-auto-discovery=asg:tag={tags}",
        # The pool that a pod wastes least of.
        "--expander=least-waste",
        "--balance-similar-node-groups=true",
        # Trainings and notebooks keep their data in the pod: a node with one is never emptied.
        "--skip-nodes-with-local-storage=true",
        "--skip-nodes-with-system-pods=true",
        "--scale-down-unneeded-time=10m",
        # Nodes with GPUs take minutes to boot, and spot ones may not come at all.
        "--max-node-provision-time=20m",
    ]


_READ = "get list watch"
RULES = [
    rule("", ["events"], "create patch"),
    rule("", ["pods/eviction"], "create"),
    rule("", ["pods/status"], "update"),
    # Taints that keep pods off a node that is about to go.
    rule("", ["nodes"], f"{_READ} update"),
    rule(
        "",
        [
            "namespaces",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "replicationcontrollers",
            "services",
        ],
        _READ,
    ),
    rule("apps", ["daemonsets", "replicasets", "statefulsets"], _READ),
    rule("batch", ["jobs"], _READ),
    rule("policy", ["poddisruptionbudgets"], "list watch"),
    rule(
        "storage.k8s.io",
        ["csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"],
        _READ,
    ),
    rule("resource.k8s.io", ["deviceclasses", "resourceclaims", "resourceslices"], _READ),
]
OWN_RULES = [
    # `create` can't be bound to a name.
    rule("coordination.k8s.io", ["leases"], "create"),
    rule("coordination.k8s.io", ["leases"], "get update", NAME),
    rule("", ["configmaps"], "create list watch"),
    rule("", ["configmaps"], "delete get update", _STATUS, f"{NAME}-priority-expander"),
]
