"""One difference between two resolved specs, and how differences of maps are found."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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
class Kind:
    """The tables of a section."""

    fields: Mapping[str, OnChange]
    created: OnChange
    deleted: OnChange
    below: Mapping[str, "Kind"] = field(default_factory=dict)
    """Of its fields those that are sections themselves."""


def change_of(path: Path, on: OnChange, old: object, new: object) -> Change:
    """A difference, as its table has it."""
    return Change(path, on.effect, on.meaning, on.costs, old, new)


def entries(kind: Kind, old: Document, new: Document, path: Path) -> Iterator[Change]:
    """What came, went or changed of a section, by name."""
    renames = _renames(old, new)
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is None:
            yield change_of((*path, name), kind.created, None, after)
        elif after is None:
            gone = change_of((*path, name), kind.deleted, before, None)
            yield replace(gone, renamed_to=renames.get(name, ""))
        else:
            yield from _fields(kind, before, after, (*path, name))


def _fields(kind: Kind, old: Document, new: Document, path: Path) -> Iterator[Change]:
    for where, before, after in leaves(old, new, path):
        name = where[len(path)]
        if name in kind.below or name not in kind.fields:
            continue  # below; a field that this version lacks was applied by another one
        yield change_of(where, kind.fields[name], before, after)
    for name, section in kind.below.items():
        if name in new:
            yield from entries(section, old[name], new[name], (*path, name))


def leaves(old: Document, new: Document, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """Every place where two documents differ, as deep as both are maps."""
    for key in (*old, *(key for key in new if key not in old)):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from leaves(before, after, (*path, key))
        elif before != after or type(before) is not type(after):
            yield (*path, key), before, after


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
