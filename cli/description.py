"""Everything that is known about one resource, put together from the live objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cli.complaints import Complaint, complaints
from cli.statuses import endpoint, model, stage, training
from cli.statuses.objects import Objects, applied_spec, is_owner, label
from cli.statuses.status import Status
from cli.targets import Target
from cli.urls import urls
from components.manifests import Manifest, places
from components.manifests.metadata import ENDPOINT_LABEL, REVISION_LABEL, SPEC_ANNOTATION
from components.manifests.served import settled
from components.manifests.training import KIND as TRAINING
from schemas import names, resolved
from schemas.applied import read
from schemas.text import to_yaml

_OBJECTS = ("Job", "Pod", "Deployment", "StatefulSet", "HTTPRoute", "ConfigMap")
_WITH_LOGS = ("training", "stage", "notebook", "experiment")


@dataclass(frozen=True)
class Description:
    """What `emctl describe` says."""

    target: Target
    status: Status
    api_gateway: Status | None
    revision: str
    """As applied; empty where there is none."""
    declared: str
    """What the spec would be applied as; empty where there are no revisions."""
    owner: str
    """Kind and name of the object that stands for it; empty before it is applied."""
    spec: Mapping[str, Any] | None
    spec_yaml: str
    """The same, with numbers as they were typed."""
    places: dict[str, str]
    """What lies there -> address, URL or command."""
    warnings: list[Complaint]


def describe(
    workspace: resolved.Workspace, target: Target, objects: Objects, spec: str
) -> Description:
    """Of a resource of the spec. `spec` is its file, for commands to type."""
    owner = _OWNERS[target.kind](objects, target.name)
    document = applied_spec(owner) if owner is not None and is_owner(owner) else None
    found = _places(workspace, target, objects, owner, document)
    if (url := urls(workspace).get(target)) is not None:
        found["url"] = url
    if target.kind in _WITH_LOGS:
        found["log"] = f"emctl logs {spec} {target}"
    return Description(
        target=target,
        status=target.status(objects),
        api_gateway=target.api_gateway(objects),
        revision=_revision(target, objects, owner),
        declared=workspace.trainings[target.name].revision if target.kind == "training" else "",
        owner=f"{owner['kind']} {owner['metadata']['name']}" if owner else "",
        spec=document,
        spec_yaml=to_yaml(read(owner["metadata"]["annotations"][SPEC_ANNOTATION]))
        if owner is not None and document is not None
        else "",
        places=found,
        warnings=complaints(objects, _belonging(target, objects, owner)),
    )


def _of_kind(kind: str, prefix: str) -> Callable[[Objects, str], Manifest | None]:
    return lambda objects, name: objects.get(kind, names.object_name(prefix, name))


def _stage_route(objects: Objects, name: str) -> Manifest | None:
    of, _, own = name.partition("/")
    return stage.route_of(objects, of, own)


_OWNERS: dict[str, Callable[[Objects, str], Manifest | None]] = {
    "experiment": _of_kind("Deployment", "experiment"),
    "training": training.current_job,
    "model": model.record_of,
    "endpoint": endpoint.route_of,
    "stage": _stage_route,
    "notebook": _of_kind("StatefulSet", "notebook"),
}


def _served_by(target: Target, objects: Objects) -> Manifest | None:
    of, _, own = target.name.partition("/")
    return stage.deployment_of(objects, of, own)


def _revision(target: Target, objects: Objects, owner: Manifest | None) -> str:
    if target.kind == "stage" and (deployment := _served_by(target, objects)):
        return label(deployment["spec"].get("template", {"metadata": {}}), REVISION_LABEL)
    if owner is None:
        return ""
    if target.kind == "model":
        return str(owner.get("data", {}).get("revision", ""))
    return label(owner, REVISION_LABEL)


def _places(
    workspace: resolved.Workspace,
    target: Target,
    objects: Objects,
    owner: Manifest | None,
    document: Mapping[str, Any] | None,
) -> dict[str, str]:
    if document is None or owner is None:
        return {}
    if target.kind == "training":
        run = f"{target.name}-{label(owner, REVISION_LABEL)}"
        output = _below(document["output_data"], run)
        found = {"output": output, "model": f"{output}/model"}
        if document.get("checkpoint"):
            found["checkpoints"] = _below(document["checkpoint"], run)
        events = places.tensorboard(workspace, document["experiment"])
        found["event files"] = _below(events.text, run)
        kept = places.below(places.logs(workspace), target.name, label(owner, REVISION_LABEL))
        return {**found, "archive": kept.text}
    if target.kind == "experiment":
        return {"event files": places.tensorboard(workspace, target.name).text}
    if target.kind == "model" and (path := owner.get("data", {}).get("path")):
        return {"model": str(path)}
    if target.kind == "stage" and (deployment := _served_by(target, objects)):
        template = deployment["spec"].get("template", {})
        served = settled(deployment) if template else None
        return {"model": served.address.text} if served else {}
    return {}


def _below(address: str, name: str) -> str:
    return f"{address.rstrip('/')}/{name}"


def _belonging(target: Target, objects: Objects, owner: Manifest | None) -> list[Manifest]:
    """The objects whose warnings count: of a training none of earlier revisions."""
    if target.kind == TRAINING:
        if owner is None:
            return []
        return [owner, *objects.pods_of_job(owner["metadata"]["name"])]
    of, _, own = target.name.rpartition("/")
    found = [item for kind in _OBJECTS for item in objects.of(kind, target.kind, own)]
    if target.kind == "stage":
        found = [item for item in found if label(item, ENDPOINT_LABEL) == of]
    claims = objects.of("PersistentVolumeClaim", target.kind, own)
    return [*found, *claims]
