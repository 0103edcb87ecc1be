"""A workspace: its namespace."""

from components.manifests import Manifest
from components.manifests.metadata import STACK_ANNOTATION, labels
from schemas import resolved


def namespace(workspace: resolved.Workspace, stack: str) -> Manifest:
    """The namespace. `stack` says who made it: another stack's is refused."""
    level = workspace.platform.security
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": workspace.name,
            "labels": {
                **labels("workspace", workspace.name),
                "pod-security.kubernetes.io/enforce": level,
                "pod-security.kubernetes.io/warn": "restricted",
            },
            "annotations": {STACK_ANNOTATION: stack},
        },
    }
