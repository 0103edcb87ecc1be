"""The difference between two resolved workspaces, as typed changes with their effect and cost.

Works on documents (`schemas.document`), so that what was applied last, which is kept as a document,
compares like a spec. What a change of a field does stands in the `CHANGES` table of its module;
what may not change at all, or not now, is in `schemas.transitions`.
"""

from collections.abc import Iterator
from dataclasses import replace

from schemas import (
    endpoint,
    experiment,
    model,
    notebook,
    platform,
    training,
    transitions,
    workspace,
)
from schemas.change import Change, Document, Kind, change_of, entries, leaves
from schemas.effects import Cost, Effect

_STAGE = Kind(endpoint.STAGE_CHANGES, endpoint.STAGE_CREATED, endpoint.STAGE_DELETED)
_KINDS = {
    "experiments": Kind(experiment.CHANGES, experiment.CREATED, experiment.DELETED),
    "trainings": Kind(training.CHANGES, training.CREATED, training.DELETED),
    "models": Kind(model.CHANGES, model.CREATED, model.DELETED),
    "endpoints": Kind(
        endpoint.CHANGES, endpoint.CREATED, endpoint.DELETED, below={"stages": _STAGE}
    ),
    "notebooks": Kind(notebook.CHANGES, notebook.CREATED, notebook.DELETED),
}


def compare(old: Document, new: Document) -> list[Change]:
    """All changes that lead from one workspace to another, in the order of the document."""
    found = list(_workspace(old, new))
    return [_judged(change, old, new) for change in found]


def _workspace(old: Document, new: Document) -> Iterator[Change]:
    if old["workspace"] != new["workspace"]:
        on = workspace.CHANGES["workspace"]
        yield change_of(("workspace",), on, old["workspace"], new["workspace"])
    for path, before, after in leaves(old["platform"], new["platform"], ("platform",)):
        if path[1] in platform.CHANGES:
            on = platform.CHANGES[path[1]]
            if path == ("platform", "target", "context") and _stays_on_aws(old, new):
                on = platform.ANOTHER_WAY
            yield change_of(path, on, before, after)
    for section, kind in _KINDS.items():
        yield from entries(kind, old[section], new[section], (section,))


def _stays_on_aws(old: Document, new: Document) -> bool:
    """Whether the cluster is that of one stack, however it is reached."""
    before, after = ({**item["platform"]["target"], "context": ""} for item in (old, new))
    return bool(before == after and after["type"] == "aws")


def _judged(change: Change, old: Document, new: Document) -> Change:
    """The change with who is affected, or refused with the reason."""
    if reason := transitions.refusal(change.path, change.effect, old, new):
        return replace(change, effect=Effect.REFUSED, costs=(), refusal=reason)
    if change.effect is Effect.REFUSED:  # the table's, but in this case nothing stands against it
        return replace(change, effect=Effect.IN_PLACE, meaning="")
    if change.path[0] == "platform" and change.effect is Effect.RESTART:
        users = transitions.users(change.path, old, new)
        if not users:
            return replace(
                change, effect=Effect.IN_PLACE, meaning=platform.CHANGES["region"].meaning, costs=()
            )
        stopped = any(user.startswith("notebooks.") for user in users)
        costs = tuple(c for c in change.costs if stopped or c is not Cost.WORK_INTERRUPTED)
        return replace(change, affects=users, costs=costs)
    return change
