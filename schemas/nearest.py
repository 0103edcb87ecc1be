"""The name that was probably meant."""

import difflib
from collections.abc import Iterable

from schemas.errors import printable

_LISTED = 12
_COMPARED = 400
"""Names that are compared at most: what is left of the message's worth is not worth a second."""
_NO = ("none", "no", "off", "false")
"""Who writes one of these means none of the others: `nat: none` is not a misspelt `one`."""


def close(word: str, known: Iterable[str]) -> str:
    """A hint: the name that was probably meant, or what there is."""
    names = sorted(known)
    if found := nearest(word, names):
        return f"did you mean {found!r}?"
    if len(names) < 2:
        return f"only {names[0]!r} is possible" if names else "there are none"
    return f"one of {listed(names)}"


def listed(names: Iterable[str]) -> str:
    """Names in order, the first dozen of them."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _LISTED} more" if len(ordered) > _LISTED else ""
    return ", ".join(map(printable, ordered[:_LISTED])) + more


def nearest(word: str, names: list[str]) -> str:
    """The most similar name, whatever its case; empty if none is similar."""
    lower = {name.lower(): name for name in names if abs(len(name) - len(word)) <= len(word)}
    if word.lower() in lower:
        return lower[word.lower()]
    if word.lower() in _NO:
        return next((name for low, name in lower.items() if low in _NO), "")
    if len(lower) > _COMPARED:
        lower = {low: name for low, name in lower.items() if low[:1] == word[:1].lower()}
    candidates = list(lower)[:_COMPARED]
    found = difflib.get_close_matches(word.lower()[:100], candidates, 1, 0.6)
    return lower[found[0]] if found else ""
