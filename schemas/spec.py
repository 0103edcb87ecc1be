"""A spec on its way from tree to resolved: its parts as far as they are right, and its problems."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard, TypeVar

from schemas.base import shown
from schemas.errors import Issue, dotted
from schemas.nearest import close
from schemas.platform import Platform
from schemas.ranges import DEFAULTS, Range
from schemas.shape import PartialMap, Path, place
from schemas.tree import Map, Mark, Source

SEARCHES = 20_000
"""Names that are compared for hints, in all: a spec that is all wrong still answers at once."""

T = TypeVar("T")
_EMPTY = Map()


@dataclass
class Spec:
    """What rules judge. An instance lacks the attributes that are wrong: ask `has` first."""

    tree: Map
    root: Mark
    issues: list[Issue] = field(default_factory=list)
    workspace: str = ""
    """Empty: missing or wrong."""
    document: Any = None
    """The whole of a document that is no workspace."""
    platform: Platform | None = None
    limits: Mapping[str, Range] = field(default_factory=lambda: DEFAULTS)
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    searches: int = 0

    def report(
        self, rule: str, path: Path, message: str, hint: str = "", *, at_key: bool = False
    ) -> None:
        """Add a problem at the value (or key) that the path leads to."""
        mark = place(self.tree, path, self.root)
        line, column = (mark.key_line, mark.key_column) if at_key else (mark.line, mark.column)
        position = mark.source.position(line, column)
        self.issues.append(Issue(rule, position, dotted(path), message, hint))

    def node(self, *path: str) -> object:
        """What is written at a place, right or wrong; an empty mapping where nothing is."""
        node: object = self.tree
        for part in path:
            node = node.get(part, _EMPTY) if isinstance(node, Map) else node
        return node

    def names(self, *path: str) -> list[str]:
        """The keys of a mapping as written, right or wrong."""
        node = self.node(*path)
        return list(node) if isinstance(node, Map) else []

    def refer(self, path: Path, name: str, what: str, *section: str) -> bool:
        """Whether a reference's target is declared; reports it if not."""
        known = self.names(*section)
        if name in known or not isinstance(self.node(*section), Map):
            return name in known  # what is no mapping at all has been reported
        self.searches += len(known)
        hint = close(name, known) if self.searches <= SEARCHES else ""
        self.report("unknown-reference", path, f"there is no {what} {shown(name)}", hint)
        return False


def has(instance: T | None, *attributes: str) -> TypeGuard[T]:
    """Whether a partial instance has all these attributes."""
    return instance is not None and all(hasattr(instance, name) for name in attributes)


def well_named(entries: Mapping[str, object]) -> list[str]:
    """The keys that are right in themselves."""
    wrong = entries.misnamed if isinstance(entries, PartialMap) else ()
    return [key for key in entries if key not in wrong]


def root_mark(source: Source) -> Mark:
    """The place of what stands nowhere: the start of the main file."""
    return Mark(source, 0, 0, 0, 0)
