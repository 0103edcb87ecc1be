"""What is wrong in a spec, and where.

SpecError        every problem of one load, in file order
  Issue          one of them: rule, position, path, message, hint
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_NOTHING: Mapping[str, Sequence[str]] = {}
_PLAIN_KEY = re.compile(r"[\w-]{1,60}\Z")


class Position(NamedTuple):
    """A place in a file; line and column count from 1, in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def dotted(path: Iterable[str | int]) -> str:
    """A path as it is shown: `trainings.iris.instances`, `platform.flavors[m2.c1m2].cpu`."""
    shown = ""
    for part in path:
        key = str(part)
        if _PLAIN_KEY.match(key):
            shown += f".{key}" if shown else key
        else:
            shown += f"[{printable(key)}]"
    return shown


def printable(text: str) -> str:
    """Text for a terminal: short, without control characters."""
    safe = text if text.isprintable() else "".join(map(_safe, text))
    return safe if len(safe) <= 60 else f"{safe[:57]}..."


def _safe(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem. `str()` is `file:line:column: path: message (hint)`."""

    rule: str
    """Key of `schemas.rules.RULES`."""
    position: Position
    path: str
    """Where in the spec, as dotted keys; empty for the file as a whole."""
    message: str
    """What was given and what is allowed: lower case, no final period."""
    hint: str = ""
    """What to change."""
    related: tuple[Position, ...] = ()
    """Other places that belong to the problem, such as a first declaration."""

    def __post_init__(self) -> None:
        # What a user wrote is in these texts, and they go to terminals.
        for name in ("message", "hint"):
            text = getattr(self, name)
            if not text.isprintable():
                object.__setattr__(self, name, "".join(map(_safe, text)))

    def __str__(self) -> str:
        where = f"{self.position}: {self.path}" if self.path else str(self.position)
        return f"{where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


def distinct(issues: Iterable[Issue]) -> list[Issue]:
    """Each problem once: what copies, aliases or including files share is wrong in one place."""
    once: dict[tuple[object, ...], Issue] = {}
    for issue in issues:
        key = (issue.rule, issue.position, issue.message, issue.path.rpartition(".")[2])
        once.setdefault(key, issue)
    return list(once.values())


class SpecError(Exception):
    """A spec cannot be used. `issues` holds every reason; `str()` is one line each."""

    def __init__(
        self, issues: Iterable[Issue], lines: Mapping[str, Sequence[str]] = _NOTHING
    ) -> None:
        self.issues = tuple(issues)
        self.lines = lines
        """Of each file that is text, by its name, to show what is wrong."""
        super().__init__("\n".join(map(str, self.issues)))
