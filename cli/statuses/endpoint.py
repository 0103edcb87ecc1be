"""The status of an endpoint: its route, and how its stages are."""

from enum import StrEnum

from cli.statuses import gateway, stage
from cli.statuses.objects import Objects, applied_spec, is_going, is_owner, label
from cli.statuses.status import Status
from components.manifests import Manifest
from components.manifests.metadata import ENDPOINT_LABEL, NAME_LABEL
from schemas import names

KIND = "endpoint"
_FAILED = (stage.Word.CREATE_FAILED, stage.Word.DEPLOY_FAILED)


class Word(StrEnum):
    CREATE_REQUESTED = "CREATE REQUESTED"
    CREATE_IN_PROGRESS = "CREATE IN PROGRESS"
    CREATE_FAILED = "CREATE FAILED"
    UPDATE_IN_PROGRESS = "UPDATE IN PROGRESS"
    UPDATE_FAILED = "UPDATE FAILED"
    ACTIVE = "ACTIVE"
    DELETE_IN_PROGRESS = "DELETE IN PROGRESS"


def status(objects: Objects, name: str) -> Status:
    """Of an endpoint with all stages that the cluster has of it."""
    route = route_of(objects, name)
    found = {item: stage.status(objects, name, item) for item in stages(objects, name)}
    if route is None and not found:
        return Status(Word.CREATE_REQUESTED, "the spec is not applied yet")
    going = all(item.word is stage.Word.DELETE_IN_PROGRESS for item in found.values())
    if is_going(route) if route else going:
        return Status(Word.DELETE_IN_PROGRESS)
    if route is None or not is_owner(route):
        # It waits for the default stage, which only it names.
        for item, of_stage in found.items():
            if of_stage.word in _FAILED:
                return Status(Word.CREATE_FAILED, f"stage {item}: {of_stage}")
        return Status(Word.CREATE_IN_PROGRESS, "its route is not made yet")
    reached = gateway.status(route)
    if reached.word is gateway.Word.STAGE_DEPLOY_FAIL:
        return Status(Word.CREATE_FAILED, reached.cause, reached.since)
    return _of_stages(objects, name, str(applied_spec(route)["default_stage"]), found, reached)


def api_gateway(objects: Objects, name: str) -> Status:
    """Of the endpoint's own route."""
    return gateway.status(route_of(objects, name), applied=bool(stages(objects, name)))


def stages(objects: Objects, name: str) -> list[str]:
    """The endpoint's stages of which the cluster has anything: pods end after their routes."""
    kinds = ("HTTPRoute", "Deployment", "Pod")
    found = [item for kind in kinds for item in objects.all(kind, stage.KIND)]
    return sorted({label(o, NAME_LABEL) for o in found if label(o, ENDPOINT_LABEL) == name})


def route_of(objects: Objects, name: str) -> Manifest | None:
    """Its HTTPRoute; None if there is none."""
    return objects.get("HTTPRoute", names.object_name(KIND, name))


def _of_stages(
    objects: Objects, name: str, default: str, found: dict[str, Status], reached: Status
) -> Status:
    usual = found.get(default) or stage.status(objects, name, default)
    if not stage.serves(objects, name, default):
        word = Word.CREATE_FAILED if usual.word in _FAILED else Word.CREATE_IN_PROGRESS
        return Status(word, f"default stage {default}: {usual}")
    for words, word in ((_FAILED, Word.UPDATE_FAILED), (None, Word.UPDATE_IN_PROGRESS)):
        for item, of_stage in found.items():
            if of_stage.word in words if words else of_stage.word is not stage.Word.ACTIVE:
                return Status(word, f"stage {item}: {of_stage}")
    if reached.word is not gateway.Word.ACTIVE:
        return Status(Word.UPDATE_IN_PROGRESS, reached.cause or "the gateway takes on the route")
    return Status(Word.ACTIVE, since=usual.since)
