"""The status of a stage: its Deployments, its route, and the training that it waits for."""

from collections.abc import Mapping
from enum import StrEnum

from cli.statuses import gateway, model, pods, training
from cli.statuses.objects import (
    Objects,
    applied_spec,
    conditions,
    is_going,
    is_owner,
    label,
    made,
)
from cli.statuses.status import Status, Trouble
from components.manifests import Manifest
from components.manifests.metadata import (
    ENDPOINT_LABEL,
    NAME_LABEL,
    REVISION_LABEL,
    SERVES_LABEL,
)
from components.manifests.served import settled
from components.manifests.stage import deployment_name
from schemas import names

KIND = "stage"
HASH_LABEL = "pod-template-hash"


class Word(StrEnum):
    CREATE_REQUESTED = "CREATE REQUESTED"
    CREATE_IN_PROGRESS = "CREATE IN PROGRESS"
    CREATE_FAILED = "CREATE FAILED"
    DEPLOY_IN_PROGRESS = "DEPLOY IN PROGRESS"
    DEPLOY_FAILED = "DEPLOY FAILED"
    ACTIVE = "ACTIVE"
    DELETE_IN_PROGRESS = "DELETE IN PROGRESS"


def status(objects: Objects, endpoint: str, stage: str) -> Status:
    """Of one stage of an endpoint."""
    route = route_of(objects, endpoint, stage)
    deployment = deployment_of(objects, endpoint, stage)
    owner = route or deployment
    if owner is None:
        return _nothing(objects, endpoint, stage)
    if is_going(owner):
        return Status(Word.DELETE_IN_PROGRESS)
    if route is None:
        return Status(Word.CREATE_IN_PROGRESS, "its route is not made yet")
    reached = gateway.status(route)
    if reached.word is gateway.Word.STAGE_DEPLOY_FAIL:
        return Status(Word.CREATE_FAILED, reached.cause, reached.since)
    if deployment is None:
        return _waiting(objects, route)
    return _rollout(objects, deployment, reached)


def api_gateway(objects: Objects, endpoint: str, stage: str) -> Status:
    """Of the stage's route."""
    route = route_of(objects, endpoint, stage)
    applied = objects.get("HTTPRoute", names.object_name("endpoint", endpoint)) is not None
    return gateway.status(route, applied=applied)


def deployed(objects: Objects, endpoint: str, stage: str) -> Status:
    """Of its pods alone, however its route is: ACTIVE as soon as all are of the latest version, and
    requests lead to them."""
    deployment = deployment_of(objects, endpoint, stage)
    if deployment is not None:
        return _rollout(objects, deployment, Status(gateway.Word.ACTIVE))
    route = route_of(objects, endpoint, stage)
    if route is None:
        return Status(Word.CREATE_REQUESTED, "the spec is not applied yet")
    return _waiting(objects, route)


def pods_of(objects: Objects, name: str) -> Status:
    """Of the pods of a Deployment alone, whether or not requests lead to them."""
    deployment = objects.get("Deployment", name)
    if deployment is None:
        return Status(Word.DEPLOY_IN_PROGRESS)
    return _pods_status(objects, deployment)


def replaced(objects: Objects, endpoint: str, stage: str) -> bool:
    """Whether pods of the latest Deployment that others replaced are still ending."""
    deployment = deployment_of(objects, endpoint, stage)
    if deployment is None:
        return False
    found = objects.selected("Pod", _selector(deployment))
    latest = {label(pod, HASH_LABEL) for pod in _latest(objects, deployment)}
    return any(label(pod, HASH_LABEL) not in latest for pod in found)


def serves(objects: Objects, endpoint: str, stage: str) -> bool:
    """Whether a pod of it is available."""
    there = _own(objects, "Deployment", endpoint, stage)
    return any(_count(x, "availableReplicas") > 0 for x in there if _answers(objects, x))


def route_of(objects: Objects, endpoint: str, stage: str) -> Manifest | None:
    """Its HTTPRoute; None if there is none."""
    return objects.get("HTTPRoute", names.object_name(KIND, f"{stage}-{endpoint}"))


def deployment_of(objects: Objects, endpoint: str, stage: str) -> Manifest | None:
    """The Deployment of what it is to serve; None while that is not settled.

    Before routes said that, there was one Deployment, named like the stage.
    """
    route = route_of(objects, endpoint, stage)
    if route and (found := settled(route)):
        own = objects.get("Deployment", deployment_name(endpoint, stage, found.version))
        if own is not None:
            return own
    former = objects.get("Deployment", names.object_name(KIND, f"{stage}-{endpoint}"))
    if former is None and route is None:
        return next(iter(_own(objects, "Deployment", endpoint, stage)), None)
    return former


def _own(objects: Objects, kind: str, endpoint: str, stage: str) -> list[Manifest]:
    """The stage's objects of a kind."""
    found = objects.of(kind, KIND, stage)
    return [item for item in found if label(item, ENDPOINT_LABEL) == endpoint]


def _nothing(objects: Objects, endpoint: str, stage: str) -> Status:
    """Without a route and a Deployment: its pods end after them."""
    if _own(objects, "Pod", endpoint, stage):
        return Status(Word.DELETE_IN_PROGRESS)
    return Status(Word.CREATE_REQUESTED, "the spec is not applied yet")


def _waiting(objects: Objects, route: Manifest) -> Status:
    name = str(applied_spec(route).get("model", "")) if is_owner(route) else ""
    record = model.record_of(objects, name)
    source = applied_spec(record).get("training") if record else None
    if source is None:
        return Status(Word.CREATE_IN_PROGRESS, f"waits for the model {name}", made(route))
    if training.complete_jobs(objects, source):
        cause = f"the training {source} is complete; the next `emctl up` deploys its model"
        return Status(Word.CREATE_IN_PROGRESS, cause, made(route))
    made_by = training.status(objects, source)
    if made_by.word in (training.Word.FAIL_TRAIN, training.Word.CREATE_FAILED):
        return Status(Word.CREATE_FAILED, f"the training {source} made no model ({made_by})")
    cause = f"waits for the training {source} ({made_by.word})"
    return Status(Word.CREATE_IN_PROGRESS, cause, made(route))


def _rollout(objects: Objects, deployment: Manifest, reached: Status) -> Status:
    found = _pods_status(objects, deployment)
    if found.word is not Word.ACTIVE:
        return found
    if not _answers(objects, deployment):
        old = _still_serving(objects, deployment)
        cause = f"it is ready, and `emctl up` moves requests to it{old}"
        return Status(Word.DEPLOY_IN_PROGRESS, cause)
    if reached.word is not gateway.Word.ACTIVE:
        cause = reached.cause or "the gateway takes on the route"
        return Status(Word.DEPLOY_IN_PROGRESS, cause)
    return found


def _pods_status(objects: Objects, deployment: Manifest) -> Status:
    wanted = int(deployment["spec"].get("replicas", 1))
    observed = deployment.get("status", {}).get("observedGeneration", 0)
    latest = observed >= deployment["metadata"].get("generation", 0)
    counts = [_count(deployment, name) for name in ("updatedReplicas", "availableReplicas")]
    counts.append(_count(deployment, "replicas"))
    if latest and all(count == wanted for count in counts):
        since = conditions(deployment).get("Available", {}).get("lastTransitionTime", "")
        return Status(Word.ACTIVE, since=since)
    if not latest:
        return Status(Word.DEPLOY_IN_PROGRESS)
    found = _trouble(objects, deployment)
    old = _still_serving(objects, deployment)
    if found is None:
        return Status(Word.DEPLOY_IN_PROGRESS, _loading(objects, deployment) + old)
    word = Word.DEPLOY_FAILED if found.lasting else Word.DEPLOY_IN_PROGRESS
    return Status(word, found.sentence + old)


def _trouble(objects: Objects, deployment: Manifest) -> Trouble | None:
    """What keeps the pods of the latest version from being ready."""
    for pod in _latest(objects, deployment):
        if not pods.ready(pod) and (found := pods.trouble(pod, objects)):
            return found
    if refused := pods.unmade_by(deployment):
        return refused
    progress = conditions(deployment).get("Progressing")
    if progress and progress.get("reason") == "ProgressDeadlineExceeded":
        return Trouble("the model was not ready in time", True)
    return None


def _loading(objects: Objects, deployment: Manifest) -> str:
    for pod in _latest(objects, deployment):
        for container in pod.get("status", {}).get("containerStatuses", []):
            running = container["state"].get("running")
            if running and not container.get("ready"):
                return f"loads the model since {running['startedAt']}"
    return ""


def _still_serving(objects: Objects, deployment: Manifest) -> str:
    """What answers meanwhile, as the tail of a sentence."""
    latest = {pod["metadata"]["name"] for pod in _latest(objects, deployment)}
    selector = _answering(objects, deployment) or _selector(deployment)
    old = [
        label(pod, SERVES_LABEL) or label(pod, REVISION_LABEL)
        for pod in objects.selected("Pod", selector)
        if pods.ready(pod) and not is_going(pod) and pod["metadata"]["name"] not in latest
    ]
    if not old:
        return ""
    return f"; revision {old[0]} still serves" if old[0] else "; the version before still serves"


def _answering(objects: Objects, deployment: Manifest) -> Mapping[str, str] | None:
    """What the stage's Service selects pods by; None if there is no Service."""
    stage, endpoint = label(deployment, NAME_LABEL), label(deployment, ENDPOINT_LABEL)
    service = objects.get("Service", names.object_name(KIND, f"{stage}-{endpoint}"))
    return None if service is None else service["spec"]["selector"]


def _answers(objects: Objects, deployment: Manifest) -> bool:
    """Whether requests lead to its pods. Where there is no Service, the route's status says so."""
    selector = _answering(objects, deployment)
    return selector is None or selector.items() <= _selector(deployment).items()


def _latest(objects: Objects, deployment: Manifest) -> list[Manifest]:
    """Its pods of the latest version, the latest first."""
    found = sorted(_pods(objects, deployment), key=made, reverse=True)
    return [pod for pod in found if label(pod, HASH_LABEL) == label(found[0], HASH_LABEL)]


def _pods(objects: Objects, deployment: Manifest) -> list[Manifest]:
    found = objects.selected("Pod", _selector(deployment))
    return [pod for pod in found if not is_going(pod)]


def _selector(deployment: Manifest) -> Mapping[str, str]:
    found: Mapping[str, str] = deployment["spec"]["selector"]["matchLabels"]
    return found


def _count(deployment: Manifest, name: str) -> int:
    return int(deployment.get("status", {}).get(name) or 0)
