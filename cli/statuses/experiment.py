"""The status of an experiment: its TensorBoard."""

from enum import StrEnum

from cli.statuses import gateway, pods
from cli.statuses.objects import Objects, conditions, is_going, made
from cli.statuses.status import Status
from components.manifests import Manifest
from schemas import names

KIND = "experiment"


class Word(StrEnum):
    CREATE_REQUESTED = "CREATE REQUESTED"
    CREATE_RESOURCE_IN_PROGRESS = "CREATE RESOURCE IN PROGRESS"
    CREATE_EXPERIMENT_IN_PROGRESS = "CREATE EXPERIMENT IN PROGRESS"
    ACTIVE = "ACTIVE"
    FAILED_TO_CREATE_RESOURCE = "FAILED TO CREATE RESOURCE"
    FAILED_TO_CREATE_EXPERIMENT = "FAILED TO CREATE EXPERIMENT"


def status(objects: Objects, name: str) -> Status:
    """Of an experiment."""
    owner = names.object_name(KIND, name)
    deployment = objects.get("Deployment", owner)
    if deployment is None:
        return Status(Word.CREATE_REQUESTED, "the spec is not applied yet")
    reached = gateway.status(objects.get("HTTPRoute", owner))
    if reached.word is gateway.Word.STAGE_DEPLOY_FAIL:
        return Status(Word.FAILED_TO_CREATE_EXPERIMENT, reached.cause)
    if deployment.get("status", {}).get("availableReplicas"):
        if reached.word is gateway.Word.ACTIVE:
            since = conditions(deployment).get("Available", {}).get("lastTransitionTime", "")
            return Status(Word.ACTIVE, since=since)
        return Status(Word.CREATE_EXPERIMENT_IN_PROGRESS, reached.cause)
    found = [pod for pod in objects.of("Pod", KIND, name) if not is_going(pod)]
    return _starting(objects, deployment, max(found, key=made, default=None))


def _starting(objects: Objects, deployment: Manifest, pod: Manifest | None) -> Status:
    begun = pod is not None and pods.started(pod)
    trouble = pods.trouble(pod, objects) if pod else pods.unmade_by(deployment)
    if trouble and trouble.lasting:
        word = Word.FAILED_TO_CREATE_EXPERIMENT if begun else Word.FAILED_TO_CREATE_RESOURCE
    else:
        word = Word.CREATE_EXPERIMENT_IN_PROGRESS if begun else Word.CREATE_RESOURCE_IN_PROGRESS
    return Status(word, trouble.sentence if trouble else "")
