"""A cluster and its add-ons to change in tests, with every field given."""

import copy
from pathlib import Path
from typing import Any

from schemas import kinds, load_any
from schemas.applied import Resolved
from tests.schemas import specs

Document = dict[str, Any]
CLUSTER: Document = {
    "api_version": "easymaker/v1",
    "kind": "Cluster",
    "cluster": "dev",
    "region": "eu-west-1",
    "zones": ["eu-west-1a", "eu-west-1b"],
    "kubernetes_version": "1.36",
    "network": {"type": "new", "cidr": "10.0.0.0/16", "nat": "one"},
    "endpoint_access": {"public_cidrs": ["203.0.113.0/24"], "private_cidrs": ["172.16.0.0/16"]},
    "access": {
        "team": {
            "principal": "arn:aws:iam::123456789012:role/Team",
            "policy": "view",
            "namespaces": ["iris"],
        }
    },
    "pools": {
        "cpu": {"instance_types": ["m7i.large"], "min": 1, "max": 2, "system": True},
        "gpu": {
            "instance_types": ["g5.xlarge"],
            "max": 4,
            "capacity": "spot",
            "zones": ["eu-west-1a"],
            "disk": 200,
            "labels": {"team": "vision"},
            "taints": {"team": {"value": "vision", "effect": "NoSchedule"}},
        },
        "block": {
            "instance_types": ["p5.48xlarge"],
            "max": 2,
            "capacity": "capacity_block",
            "reservation": "cr-0a1b2c3d",
            "zones": ["eu-west-1a"],
        },
    },
    "file_systems": {"models": {"throughput": "elastic"}},
    "buckets": {"data": {"versioning": True, "force_destroy": False}},
    "repositories": ["tools"],
    "log_retention": 30,
    "addons": {"vpc-cni": "v1.21.1-eksbuild.1"},
    "provisioner": "cluster-autoscaler",
    "tags": {"team": "vision"},
}
ADDONS: Document = {
    "api_version": "easymaker/v1",
    "kind": "ClusterAddons",
    "cluster": "dev",
    "target": {"type": "aws", "cluster_stack": "organization/easymaker/dev"},
    "gateway": {
        "namespace": "gateway",
        "name": "easymaker",
        "listener": "http",
        "replicas": 2,
        "node_port": 30080,
        "definitions": True,
    },
    "autoscaler": "cluster-autoscaler",
    "gpu": {"device_plugin": True},
    "logs": {"type": "cloudwatch", "namespaces": ["kube-system"]},
    "images": {"fluent_bit": "registry.example.com/fluent-bit:4.1"},
}


def changed(document: Document, path: tuple[str, ...], value: Any) -> Document:
    """A copy with one place changed; None takes it out."""
    whole = copy.deepcopy(document)
    node = whole
    for part in path[:-1]:
        node = node[part]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return whole


def loaded(folder: Path, document: Document) -> Resolved:
    """The document as it counts."""
    file = folder / "cluster.yaml"
    file.write_text(specs.flow(document), encoding="utf-8")
    return load_any(file)


def resolved_document(folder: Path, document: Document) -> Document:
    """The document with nothing left to a default."""
    return kinds.document(loaded(folder, document))
