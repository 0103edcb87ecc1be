"""A stage of an endpoint: the pods that serve a model, and how they are reached."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.manifests import Manifest, routes, server
from components.manifests.metadata import (
    ENDPOINT_LABEL,
    GOES_AT_ONCE,
    SERVES_LABEL,
    SKIP_AWAIT,
    labels,
    owner_annotations,
)
from components.manifests.served import Served, annotation
from schemas import names, resolved
from schemas.document import stage_document

KIND = "stage"
READY_SECONDS = 600
"""A pod that is not ready after this is a failure; it goes on loading and may still become so."""

_FORCED = {"pulumi.com/patchForce": "true"}
"""Whoever scaled it before: a number of instances in the spec counts."""
COUNT = "spec.replicas"
"""Of a Deployment: what an autoscaler settles."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The pods that answer for a stage."""

    deployment: str
    """Name of what makes them. The autoscaler counts those of this one."""
    selector: Mapping[str, str]
    """Of the Service and of the disruption budget."""


def behind(stage: resolved.Stage, served: Served | None) -> Behind:
    """What is to answer for it. Each version of what it serves has a Deployment of its own, so that
    the Service leads from all pods of one to all pods of another in one step."""
    if served is None:
        return Behind("", stage_labels(stage))
    return Behind(
        deployment_name(stage.endpoint, stage.name, served.version),
        {**stage_labels(stage), SERVES_LABEL: served.version},
    )


def deployment_name(endpoint: str, stage: str, version: str) -> str:
    """Of the Deployment for a version of what a stage serves."""
    return names.object_name(KIND, f"{stage}-{endpoint}", version)


def stage_labels(stage: resolved.Stage) -> dict[str, str]:
    """Of its objects; stages of two endpoints may have one name."""
    return {**labels(KIND, stage.name), ENDPOINT_LABEL: stage.endpoint}


def deployment(
    workspace: resolved.Workspace,
    endpoint: resolved.Endpoint,
    stage: resolved.Stage,
    served: Served,
    instances: int = 0,
) -> Manifest:
    """The pods of one version. As long as that stays, a new one takes over from an old one when it
    is ready, one by one. `instances` is how many to begin with, where an autoscaler settles it.

    The program waits for them itself: Pulumi would look on for minutes where a model can't load.
    """
    pods = behind(stage, served)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": pods.deployment,
            "namespace": workspace.name,
            "labels": dict(pods.selector),
            "annotations": {**SKIP_AWAIT, **GOES_AT_ONCE, **_FORCED},
        },
        "spec": {
            "replicas": instances or stage.instances,
            "revisionHistoryLimit": 2,
            "progressDeadlineSeconds": READY_SECONDS,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "selector": {"matchLabels": dict(pods.selector)},
            "template": server.pod_template(
                workspace, endpoint, stage, served, dict(pods.selector)
            ),
        },
    }


def autoscaler(
    workspace: resolved.Workspace,
    stage: resolved.Stage,
    scaled: resolved.Autoscaling,
    pods: Behind,
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
                "name": pods.deployment,
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


def disruption_budget(
    workspace: resolved.Workspace, stage: resolved.Stage, pods: Behind
) -> Manifest:
    """Lets a drained node take one pod at a time, and those that serve nothing always."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(workspace, stage),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": dict(pods.selector)},
        },
    }


def service(workspace: resolved.Workspace, stage: resolved.Stage, pods: Behind) -> Manifest:
    """What routes lead to. It is there before its pods, so nothing waits for those."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**_metadata(workspace, stage), "annotations": dict(SKIP_AWAIT)},
        "spec": {
            "selector": dict(pods.selector),
            "ports": [{"name": "http", "port": 80, "targetPort": server.PORT}],
        },
    }


def route(
    workspace: resolved.Workspace, stage: resolved.Stage, served: Served | None = None
) -> Manifest:
    """The stage's own host. It is the stage's owner object: what is said about it stays here, and
    what it is to serve."""
    metadata = _metadata(workspace, stage)
    settled = annotation(served) if served else {}
    metadata["annotations"] = {**owner_annotations(stage_document(stage), {}), **settled}
    return routes.route(workspace, metadata, stage.host, {stage.object_name: 1})


def following(
    workspace: resolved.Workspace, stage: resolved.Stage, pods: Behind, has_pods: bool
) -> list[Manifest]:
    """The objects that go by which pods answer."""
    found = [service(workspace, stage, pods)]
    if has_pods and stage.most_instances > 1:
        found.append(disruption_budget(workspace, stage, pods))
    if has_pods and stage.autoscaling is not None:
        found.append(autoscaler(workspace, stage, stage.autoscaling, pods))
    return found


def manifests(
    workspace: resolved.Workspace,
    endpoint: resolved.Endpoint,
    stage: resolved.Stage,
    served: Served | None,
) -> list[Manifest]:
    """All objects of a stage; without pods while it is not settled what to serve."""
    own = [deployment(workspace, endpoint, stage, served)] if served else []
    return [
        *own,
        route(workspace, stage, served),
        *following(workspace, stage, behind(stage, served), served is not None),
    ]


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
