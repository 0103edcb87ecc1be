"""A spec with one of everything that can be applied, and each of its fields changed."""

from collections.abc import Iterable
from typing import Any

from schemas.effects import Effect
from tests.schemas import test_changes
from tests.schemas.test_changes import Path_

_ORDER = (
    Effect.IN_PLACE,
    Effect.CREATE,
    Effect.NEW_REVISION,
    Effect.RESTART,
    Effect.REPLACE,
    Effect.DELETE,
    Effect.REFUSED,
)


def base() -> dict[str, Any]:
    """The specs' own document."""
    return test_changes.base()


def changed(*fields: tuple[Path_, str]) -> dict[str, Any]:
    """The base with another value of some fields."""
    document = base()
    for path, key in fields:
        node = document
        for part in path:
            node = node[part]
        node[key] = test_changes.joined(node.get(key), test_changes.VALUES[path][key])
    return document


def strongest(effects: Iterable[Effect]) -> Effect:
    """The one that a user must know of first; something new counts as in place."""
    found = {Effect.IN_PLACE if effect is Effect.CREATE else effect for effect in effects}
    return max(found, key=_ORDER.index)
