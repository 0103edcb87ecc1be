"""The status of an API Gateway stage: an HTTPRoute as the cluster's Gateway sees it."""

from enum import StrEnum

from cli.statuses.status import Status
from components.manifests import Manifest

_NEEDED = ("Accepted", "ResolvedRefs")


class Word(StrEnum):
    CREATE_IN_PROGRESS = "CREATE IN PROGRESS"
    STAGE_DEPLOYING = "STAGE DEPLOYING"
    ACTIVE = "ACTIVE"
    NOT_FOUND_STAGE = "NOT FOUND: STAGE"
    NOT_FOUND_RESULT = "NOT FOUND: STAGE DEPLOY RESULT"
    STAGE_DEPLOY_FAIL = "STAGE DEPLOY FAIL"


def status(route: Manifest | None, *, applied: bool = True) -> Status:
    """Of a route; `applied` says whether anything of its endpoint is."""
    if route is None and not applied:
        return Status(Word.CREATE_IN_PROGRESS, "the spec is not applied yet")
    if route is None:
        return Status(Word.NOT_FOUND_STAGE, "the route is not there; `emctl up` makes it anew")
    parents = route.get("status", {}).get("parents", [])
    if not parents:
        return Status(Word.NOT_FOUND_RESULT, "no gateway has said anything about the route")
    found = [
        {condition["type"]: condition for condition in parent.get("conditions", [])}
        for parent in parents
    ]
    needed = [parent.get(name) for parent in found for name in _NEEDED]
    known = [condition for condition in needed if condition is not None]
    generation = route["metadata"].get("generation", 0)
    if len(known) < len(needed) or any(
        condition.get("observedGeneration", generation) < generation
        or condition["status"] == "Unknown"
        for condition in known
    ):
        return Status(Word.STAGE_DEPLOYING)
    for condition in known:
        if condition["status"] == "False":
            why = condition.get("message") or condition.get("reason") or condition["type"]
            return Status(Word.STAGE_DEPLOY_FAIL, f"the route is not accepted: {why.rstrip('.')}")
    since = max(str(condition.get("lastTransitionTime", "")) for condition in known)
    return Status(Word.ACTIVE, since=since)
