"""Live objects as a cluster shows them, cut down to what statuses read."""

import json
from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]
MADE = "2026-01-01T00:00:00Z"
LATER = "2026-01-01T00:05:00Z"


def thing(kind: str, name: str, of: tuple[str, str], **fields: Any) -> Object:
    """An object that belongs to a resource of the spec: its kind and name.

    `metadata`, `labels` and `document` add to its metadata.
    """
    metadata: Object = {
        "name": name,
        "uid": f"{kind}-{name}",
        "creationTimestamp": MADE,
        "labels": {
            "easymaker.io/kind": of[0],
            "easymaker.io/name": of[1],
            **fields.pop("labels", {}),
        },
        "annotations": {},
        **fields.pop("metadata", {}),
    }
    if (document := fields.pop("document", None)) is not None:
        metadata["annotations"]["easymaker.io/spec"] = json.dumps(document)
    return {"kind": kind, "metadata": metadata, **fields}


def going(item: Object) -> Object:
    """The object while it is being deleted."""
    return {**item, "metadata": {**item["metadata"], "deletionTimestamp": LATER}}


def condition(kind: str, status: bool = True, **more: Any) -> Object:
    return {"type": kind, "status": str(status), "lastTransitionTime": LATER, **more}


def warning(about: Object, reason: str, message: str, count: int = 1) -> Object:
    """An event about an object."""
    return {
        "kind": "Event",
        "metadata": {"name": f"{about['metadata']['uid']}.{reason}", "creationTimestamp": LATER},
        "involvedObject": {"uid": about["metadata"]["uid"]},
        "reason": reason,
        "message": message,
        "count": count,
        "lastTimestamp": LATER,
    }


# --- pods -------------------------------------------------------------------------------------


def container(name: str, state: Mapping[str, Any], **more: Any) -> Object:
    """The status of a container."""
    found = {"name": name, "state": state, "lastState": {}, "restartCount": 0, "ready": False}
    return {**found, "image": "registry.example/app:1", **more}


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, "message": message}}


def running(since: str = MADE) -> Object:
    return {"running": {"startedAt": since}}


def ended(code: int, message: str = "", reason: str = "Error", at: str = LATER) -> Object:
    end = {"exitCode": code, "message": message, "reason": reason, "finishedAt": at}
    return {"terminated": end}


def pod(
    name: str,
    of: tuple[str, str],
    *containers: Object,
    inits: tuple[Object, ...] = (),
    conditions: tuple[Object, ...] = (),
    phase: str = "Pending",
    spec: Mapping[str, Any] | None = None,
    **more: Any,
) -> Object:
    """A pod with the statuses of its containers."""
    limits = {"resources": {"limits": {"memory": "2Gi"}}}
    status = {
        "phase": phase,
        "conditions": list(conditions),
        "containerStatuses": list(containers),
        "initContainerStatuses": list(inits),
    }
    found = {"containers": [{"name": c["name"], **limits} for c in containers]}
    return thing("Pod", name, of, spec={**found, **(spec or {})}, status=status, **more)


def unscheduled(message: str) -> Object:
    return condition("PodScheduled", False, reason="Unschedulable", message=message)


NO_GPU = (
    "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: "
    "1 No preemption victims found for incoming pod."
)
NEVER_A_GPU = (
    "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: "
    "1 Preemption is not helpful for scheduling."
)


# --- routes -----------------------------------------------------------------------------------


def route(
    name: str, of: tuple[str, str], *conditions: Object, generation: int = 1, **more: Any
) -> Object:
    """An HTTPRoute with what a gateway says about it; without conditions none said anything."""
    parents = [{"conditions": list(conditions)}] if conditions else []
    metadata = {"generation": generation, **more.pop("metadata", {})}
    return thing("HTTPRoute", name, of, metadata=metadata, status={"parents": parents}, **more)


def accepted(generation: int = 1) -> tuple[Object, Object]:
    """The conditions of a route that works."""
    return (
        condition("Accepted", observedGeneration=generation),
        condition("ResolvedRefs", observedGeneration=generation),
    )


def refused(message: str) -> tuple[Object, Object]:
    """The conditions of a route that leads to nothing."""
    no = condition("ResolvedRefs", False, reason="BackendNotFound", message=message)
    return condition("Accepted"), no
