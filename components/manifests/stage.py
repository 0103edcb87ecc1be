"""A stage of an endpoint: the pods that serve a model, and how they are reached."""

from components.manifests import Manifest, routes, server
from components.manifests.metadata import (
    ENDPOINT_LABEL,
    SKIP_AWAIT,
    labels,
    owner_annotations,
)
from components.manifests.served import Served
from schemas import resolved
from schemas.document import stage_document

KIND = "stage"
READY_SECONDS = 600
"""A pod that is not ready after this is a failure; it goes on loading and may still become so."""

_FORCED = {"pulumi.com/patchForce": "true"}
"""Whoever scaled it before: a number of instances in the spec counts."""
COUNT = "spec.replicas"
"""Of a Deployment: what an autoscaler settles."""


def stage_labels(stage: resolved.Stage) -> dict[str, str]:
    """Of its objects; stages of two endpoints may have one name."""
    return {**labels(KIND, stage.name), ENDPOINT_LABEL: stage.endpoint}


def deployment(
    workspace: resolved.Workspace,
    endpoint: resolved.Endpoint,
    stage: resolved.Stage,
    served: Served,
) -> Manifest:
    """The pods. A new one takes over from an old one when it is ready, one by one.

    The program waits for them itself: Pulumi would look on for minutes where a model can't load.
    """
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**_metadata(workspace, stage), "annotations": {**SKIP_AWAIT, **_FORCED}},
        "spec": {
            "replicas": stage.instances,
            "revisionHistoryLimit": 2,
            "progressDeadlineSeconds": READY_SECONDS,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "selector": {"matchLabels": stage_labels(stage)},
            "template": server.pod_template(
                workspace, endpoint, stage, served, stage_labels(stage)
            ),
        },
    }


def autoscaler(
    workspace: resolved.Workspace, stage: resolved.Stage, scaled: resolved.Autoscaling
) -> Manifest:
    """Settles how many pods there are, from what the metrics API says of them."""
    targets = {"cpu": scaled.cpu, "memory": scaled.memory}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(workspace, stage),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": stage.object_name,
            },
            "minReplicas": scaled.min,
            "maxReplicas": scaled.max,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": name,
                        "target": {"type": "Utilization", "averageUtilization": percent},
                    },
                }
                for name, percent in targets.items()
                if percent is not None
            ],
        },
    }


def disruption_budget(workspace: resolved.Workspace, stage: resolved.Stage) -> Manifest:
    """Lets a drained node take one pod at a time, and those that serve nothing always."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(workspace, stage),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": stage_labels(stage)},
        },
    }


def service(workspace: resolved.Workspace, stage: resolved.Stage) -> Manifest:
    """What routes lead to. It is there before its pods, so nothing waits for those."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**_metadata(workspace, stage), "annotations": dict(SKIP_AWAIT)},
        "spec": {
            "selector": stage_labels(stage),
            "ports": [{"name": "http", "port": 80, "targetPort": server.PORT}],
        },
    }


def route(workspace: resolved.Workspace, stage: resolved.Stage) -> Manifest:
    """The stage's own host. It is the stage's owner object: what is said about it stays here."""
    metadata = _metadata(workspace, stage)
    metadata["annotations"] = owner_annotations(stage_document(stage), {})
    return routes.route(workspace, metadata, stage.host, {stage.object_name: 1})


def manifests(
    workspace: resolved.Workspace,
    endpoint: resolved.Endpoint,
    stage: resolved.Stage,
    served: Served | None,
) -> list[Manifest]:
    """All objects of a stage; without pods while it is not settled what to serve."""
    found = [service(workspace, stage), route(workspace, stage)]
    if served is not None:
        found.append(deployment(workspace, endpoint, stage, served))
        if stage.most_instances > 1:
            found.append(disruption_budget(workspace, stage))
        if stage.autoscaling is not None:
            found.append(autoscaler(workspace, stage, stage.autoscaling))
    return found


def unservable(platform: resolved.Platform, served: Served) -> str:
    """Why the platform can't serve it any more, as a sentence; empty if it can.

    The spec's own models are checked with the spec; what was settled before need not be in it.
    """
    if served.framework not in platform.serving:
        return (
            f"it serves {served.address} ({served.framework}), and platform.serving has no "
            f"{served.framework}"
        )
    section = "nas" if served.address.scheme == "nas" else "object_storage"
    if served.address.host not in getattr(platform, section):
        return f"it serves {served.address}, and platform.{section} has no {served.address.host!r}"
    return ""


def _metadata(workspace: resolved.Workspace, stage: resolved.Stage) -> Manifest:
    return {
        "name": stage.object_name,
        "namespace": workspace.name,
        "labels": stage_labels(stage),
    }
