"""The local cluster: a real Kubernetes on this machine, with what the platform needs inside."""

from tools.cluster.addons import ObjectStorage
from tools.cluster.definition import DEFAULT_NAME, DOMAIN, Definition, cluster_folder
from tools.cluster.lifecycle import Status, Wish, down, find, names, status, up

__all__ = [
    "DEFAULT_NAME",
    "DOMAIN",
    "Definition",
    "ObjectStorage",
    "Status",
    "Wish",
    "cluster_folder",
    "down",
    "find",
    "names",
    "status",
    "up",
]
