"""What the pods of all kinds share: size, place, and what they may do."""

import hashlib

from components.manifests import Manifest
from schemas import resolved, units

RESTRICTED_USER = 1000
"""User and group of pods where `platform.security` is `restricted`."""
CONTAINER_SECURITY: Manifest = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
OWN_SECURITY: Manifest = {
    **CONTAINER_SECURITY,
    "readOnlyRootFilesystem": True,
    # Whatever the platform's level: what reads requests needs nothing of root's.
    "runAsNonRoot": True,
    "runAsUser": RESTRICTED_USER,
    "runAsGroup": RESTRICTED_USER,
}
"""Of containers that serve with images of ours."""


def resources(flavor: resolved.Flavor) -> Manifest:
    """Requests and limits of a container with the whole flavor."""
    gpus = {"nvidia.com/gpu": str(flavor.gpu_count)} if flavor.gpu_count else {}
    return {
        "requests": {
            "cpu": units.cpu_text(flavor.requests_cpu),
            "memory": units.memory_text(flavor.requests_memory),
            **gpus,
        },
        "limits": {
            "cpu": units.cpu_text(flavor.cpu),
            "memory": units.memory_text(flavor.memory),
            **gpus,
        },
    }


def small_resources(cpu: str, memory: str, cpu_request: str = "10m") -> Manifest:
    """Of a container beside the flavor's: `cpu` and `memory` are its limits."""
    return {
        "requests": {"cpu": cpu_request, "memory": "32Mi"},
        "limits": {"cpu": cpu, "memory": memory},
    }


def placement(pool: resolved.Pool | None) -> Manifest:
    """Fields of a pod's spec that bring it onto the nodes of a pool; none for any node."""
    if pool is None:
        return {}
    return {
        "nodeSelector": pool.node_selector,
        "tolerations": [
            {
                "key": key,
                "operator": "Equal",
                "value": taint.value,
                "effect": taint.effect,
            }
            for key, taint in pool.taints.items()
        ],
    }


def pod_security(level: str) -> Manifest:
    """The pod's security context for a Pod Security level, `baseline` or `restricted`."""
    profile: Manifest = {"seccompProfile": {"type": "RuntimeDefault"}}
    if level == "restricted":
        user = RESTRICTED_USER
        profile |= {"runAsNonRoot": True, "runAsUser": user, "runAsGroup": user, "fsGroup": user}
    return profile


def checksum(text: str) -> dict[str, str]:
    """The annotation of a pod that is to be made anew when a file of its changes."""
    return {"easymaker.io/files": hashlib.sha256(text.encode()).hexdigest()[:16]}


def unprivileged() -> Manifest:
    """The security context of pods that need no more than `restricted` allows, whatever holds."""
    return pod_security("restricted")


def literal(text: str) -> str:
    """A command or argument that arrives as it is: the kubelet expands `$(NAME)` in those."""
    return text.replace("$", "$$")
