"""What the stack of a cluster on AWS says, as `program_addons` reads it."""

from typing import Any

ARN = "arn:aws:eks:ap-northeast-2:123456789012:cluster/dev"
KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/1"
OUTPUTS: dict[str, Any] = {
    "cluster": {
        "name": "dev",
        "arn": ARN,
        "endpoint": "https://abc.eks.test",
        "certificate_authority": "Y2E=",
        "region": "ap-northeast-2",
        "kubernetes_version": "1.36",
        "account": "123456789012",
        "security_group": "sg-0123456789abcdef0",
    },
    "kubeconfig": "{}",
    "logs": {"pods": "/easymaker/dev/pods"},
    "key_arn": KEY,
    "tags": {"team": "vision"},
    "private_subnets": ["subnet-0a", "subnet-0c"],
    # A cluster has one of the two; this one can be asked for either.
    "roles": {
        "cluster_autoscaler": "arn:aws:iam::123456789012:role/dev-cluster-autoscaler",
        "karpenter_node": "arn:aws:iam::123456789012:role/easymaker/dev-karpenter-node",
    },
    "interruption_queue": "dev-interruptions",
    "node_pools": {
        "gpu": {
            "instance_types": ["g5.xlarge", "g4dn.xlarge"],
            # Numbers of outputs come back so.
            "max": 4.0,
            "vcpu": 4.0,
            "capacity": "spot",
            "reservation": "",
            "zones": ["ap-northeast-2a", "ap-northeast-2c"],
            "disk": 200.0,
            "labels": {"nvidia.com/gpu.present": "true", "easymaker.io/pool": "gpu"},
            "taints": {"nvidia.com/gpu": {"value": "true", "effect": "NoSchedule"}},
        },
        "reserved": {
            "instance_types": ["p5.48xlarge"],
            "max": 2.0,
            "vcpu": 192.0,
            "capacity": "capacity_block",
            "reservation": "cr-0123456789abcdef0",
            "zones": ["ap-northeast-2a"],
            "disk": 500.0,
            "labels": {},
            "taints": {},
        },
    },
}


def kubeconfig(own: dict[str, Any]) -> dict[str, Any]:
    """A kubeconfig with one context, called as the cluster's stack calls it."""
    (context,) = (
        entry["context"] for entry in own["contexts"] if entry["name"] == own["current-context"]
    )
    return {
        **own,
        "contexts": [{"name": ARN, "context": context}],
        "current-context": ARN,
    }
