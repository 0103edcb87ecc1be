"""What a change of a resource's inputs means: nothing, an update, or a new resource."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support.aws.provider.values import leaves, without_notes

_INDEX = re.compile(r'\[(\d+|"[^"]*")\]')


@dataclass(frozen=True)
class Change:
    """`kinds` are of each path that differs: `add`, `delete` or `update`."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    replacing: frozenset[str] = frozenset()

    @property
    def properties(self) -> set[str]:
        """The properties themselves that differ."""
        return {re.split(r"[.\[]", path)[0] for path in self.kinds}


def compare(token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    """What differs between two sets of inputs, and what of it makes a new resource."""
    kinds = dict(_differences(without_notes(old), without_notes(new)))
    rules = replacing(token)
    return Change(kinds, frozenset(path for path in kinds if _matches(path, rules)))


@cache
def rules() -> Mapping[str, Mapping[str, Any]]:
    """The data file."""
    found = yaml.safe_load((Path(__file__).parent / "replacement.yaml").read_text())
    assert isinstance(found, dict)
    return found


def replacing(token: str) -> frozenset[str]:
    """The properties of a type whose change makes a new resource; a KeyError if it has no row."""
    return frozenset(rules()[token]["replaces"])


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name in sorted({*old, *new}):
        before = dict(leaves(old[name], name)) if old.get(name) is not None else {}
        after = dict(leaves(new[name], name)) if new.get(name) is not None else {}
        for path in sorted({*before, *after}):
            if path not in before:
                yield path, "add"
            elif path not in after:
                yield path, "delete"
            elif before[path] != after[path]:
                yield path, "update"


def _matches(path: str, rules: Iterable[str]) -> bool:
    names = _INDEX.sub("", path)
    return any(names == rule or names.startswith(f"{rule}.") for rule in rules)
