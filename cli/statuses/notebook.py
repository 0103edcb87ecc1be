"""The status of a notebook: its StatefulSet, its pod and its route."""

from enum import StrEnum

from cli.statuses import gateway, pods
from cli.statuses.objects import Objects, conditions, is_going
from cli.statuses.status import Status, Trouble
from components.manifests import Manifest
from schemas import names

KIND = "notebook"


class Word(StrEnum):
    CREATE_REQUESTED = "CREATE REQUESTED"
    CREATE_IN_PROGRESS = "CREATE IN PROGRESS"
    CREATE_FAILED = "CREATE FAILED"
    ACTIVE_HEALTHY = "ACTIVE (HEALTHY)"
    ACTIVE_UNHEALTHY = "ACTIVE (UNHEALTHY)"
    STOP_IN_PROGRESS = "STOP IN PROGRESS"
    STOPPED = "STOPPED"
    START_IN_PROGRESS = "START IN PROGRESS"
    START_FAILED = "START FAILED"
    DELETE_IN_PROGRESS = "DELETE IN PROGRESS"


def status(objects: Objects, name: str) -> Status:
    """Of a notebook."""
    owner = names.object_name(KIND, name)
    server, pod = objects.get("StatefulSet", owner), objects.get("Pod", f"{owner}-0")
    left = [*objects.of("PersistentVolumeClaim", KIND, name), *([pod] if pod else [])]
    if any(map(is_going, [server] if server else left)):
        return Status(Word.DELETE_IN_PROGRESS)
    if server is None:
        return Status(Word.CREATE_REQUESTED, "the spec is not applied yet")
    if int(server["spec"].get("replicas", 1)) == 0:
        return Status(Word.STOP_IN_PROGRESS if pod else Word.STOPPED)
    if pod is None or is_going(pod):
        return _starting(server, pods.unmade(server, objects) if pod is None else None)
    if not pods.started(pod):
        return _starting(server, pods.trouble(pod, objects))
    return _active(objects, server, pod, objects.get("HTTPRoute", owner))


def _starting(server: Manifest, trouble: Trouble | None) -> Status:
    # Only changes of the spec count, and not those of metadata.
    fresh = server["metadata"].get("generation", 1) == 1
    if trouble and trouble.lasting:
        word = Word.CREATE_FAILED if fresh else Word.START_FAILED
    else:
        word = Word.CREATE_IN_PROGRESS if fresh else Word.START_IN_PROGRESS
    return Status(word, trouble.sentence if trouble else "")


def _active(objects: Objects, server: Manifest, pod: Manifest, route: Manifest | None) -> Status:
    if not pods.ready(pod):
        if found := pods.trouble(pod, objects):
            return Status(Word.ACTIVE_UNHEALTHY, found.sentence)
        if pods.silent(pod, objects):
            return Status(Word.ACTIVE_UNHEALTHY, "Jupyter does not answer")
        return _starting(server, None)
    reached = gateway.status(route)
    if reached.word is gateway.Word.ACTIVE:
        since = conditions(pod)["Ready"].get("lastTransitionTime", "")
        return Status(Word.ACTIVE_HEALTHY, since=since)
    if reached.word is gateway.Word.STAGE_DEPLOYING:
        return _starting(server, None)
    return Status(Word.ACTIVE_UNHEALTHY, reached.cause)
