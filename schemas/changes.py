"""The difference between two resolved specs, as typed changes with their effect and cost.

Works on documents (`schemas.document`), so that what was applied last, which is kept as a document,
compares like a spec. What a change of a field does stands in the `CHANGES` table of its module;
what may not change at all, or not now, is in `schemas.transitions`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

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
from schemas.effects import Cost, Effect, OnChange
from schemas.errors import dotted

Document = Mapping[str, Any]
Path = tuple[str, ...]
RENAME_SIMILARITY = 0.75
"""Share of equal values above which something gone and something new are one thing renamed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    path: Path
    effect: Effect
    meaning: str
    """What happens, in words."""
    costs: tuple[Cost, ...]
    old: object = None
    """None: it is new."""
    new: object = None
    """None: it is gone."""
    affects: tuple[str, ...] = ()
    """What uses an entry of the platform and so restarts."""
    refusal: str = ""
    """Why it is refused."""
    renamed_to: str = ""
    """Of something that goes: its likely new name."""

    @property
    def name(self) -> str:
        """The path as it is shown."""
        return dotted(self.path)


@dataclass(frozen=True, slots=True)
class _Kind:
    """The tables of a section."""

    fields: Mapping[str, OnChange]
    created: OnChange
    deleted: OnChange


_KINDS = {
    "experiments": _Kind(experiment.CHANGES, experiment.CREATED, experiment.DELETED),
    "trainings": _Kind(training.CHANGES, training.CREATED, training.DELETED),
    "models": _Kind(model.CHANGES, model.CREATED, model.DELETED),
    "endpoints": _Kind(endpoint.CHANGES, endpoint.CREATED, endpoint.DELETED),
    "notebooks": _Kind(notebook.CHANGES, notebook.CREATED, notebook.DELETED),
}
_STAGE = _Kind(endpoint.STAGE_CHANGES, endpoint.STAGE_CREATED, endpoint.STAGE_DELETED)


def compare(old: Document, new: Document) -> list[Change]:
    """All changes that lead from one workspace to another, in the order of the document."""
    found = list(_workspace(old, new))
    return [_judged(change, old, new) for change in found]


def _change(path: Path, on: OnChange, old: object, new: object) -> Change:
    return Change(path, on.effect, on.meaning, on.costs, old, new)


def _workspace(old: Document, new: Document) -> Iterator[Change]:
    if old["workspace"] != new["workspace"]:
        on = workspace.CHANGES["workspace"]
        yield _change(("workspace",), on, old["workspace"], new["workspace"])
    for path, before, after in _leaves(old["platform"], new["platform"], ("platform",)):
        if path[1] in platform.CHANGES:
            yield _change(path, platform.CHANGES[path[1]], before, after)
    for section, kind in _KINDS.items():
        yield from _entries(kind, old[section], new[section], (section,))


def _entries(kind: _Kind, old: Document, new: Document, path: Path) -> Iterator[Change]:
    renames = _renames(old, new)
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is None:
            yield _change((*path, name), kind.created, None, after)
        elif after is None:
            gone = _change((*path, name), kind.deleted, before, None)
            yield replace(gone, renamed_to=renames.get(name, ""))
        else:
            yield from _fields(kind, before, after, (*path, name))


def _fields(kind: _Kind, old: Document, new: Document, path: Path) -> Iterator[Change]:
    for where, before, after in _leaves(old, new, path):
        field = where[len(path)]
        if field == "stages" or field not in kind.fields:
            continue  # stages below; a field that this version lacks was applied by another one
        on = kind.fields[field]
        yield _change(where, on, before, after)
    if "stages" in new:
        yield from _entries(_STAGE, old["stages"], new["stages"], (*path, "stages"))


def _leaves(old: Document, new: Document, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """Every place where two documents differ, as deep as both are maps."""
    for key in (*old, *(key for key in new if key not in old)):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _leaves(before, after, (*path, key))
        elif before != after or type(before) is not type(after):
            yield (*path, key), before, after


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


def _renames(old: Document, new: Document) -> dict[str, str]:
    """Names that are gone, each with the new name under which most of it is found again."""
    gone = [name for name in old if name not in new]
    added = {name: dict(_values(new[name])) for name in new if name not in old}
    renames: dict[str, str] = {}
    if len(gone) * len(added) > 10_000:  # two specs that have nothing in common
        return renames
    for name in gone:
        before = dict(_values(old[name]))
        scores = {
            target: _similarity(before, after)
            for target, after in added.items()
            if target not in renames.values()
        }
        best = max(scores, key=lambda target: (scores[target], target), default="")
        if best and scores[best] >= RENAME_SIMILARITY:
            renames[name] = best
    return renames


def _similarity(old: Mapping[Path, object], new: Mapping[Path, object]) -> float:
    """Share of values that are the same, of all that one of the two has."""
    if old == new:
        return 1.0
    same = sum(1 for key in old if key in new and old[key] == new[key])
    return same / len({*old, *new})


def _values(document: Document, path: Path = ()) -> Iterator[tuple[Path, object]]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _values(value, (*path, key))
        else:
            yield (*path, key), value
