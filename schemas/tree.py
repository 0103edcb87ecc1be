"""The tree of one YAML document, with the position of every key and value.

Scalars are what JSON has: text, `true`/`false`, null, numbers. Whatever else YAML 1.1 would turn
into something (`no`, `on`, dates, `010`, `22:22`, `1_000`, `.inf`) stays text, as it was typed.
"""

import re
from functools import cached_property
from typing import NamedTuple, TypeAlias

from schemas.errors import Position

LINE_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_SHORT_INTEGER = re.compile(r"-?[1-9][0-9]{0,17}\Z|0\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class Source:
    """A file that was read: the name to show, and its text for snippets."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @cached_property
    def lines(self) -> list[str]:
        """The text between YAML's line breaks, of which there are six."""
        return LINE_BREAKS.split(self.text)

    def position(self, line: int, column: int) -> Position:
        """A parser's place (from 0), kept inside the file."""
        lines = self.lines
        last = len(lines) - 1
        if last > 0 and not lines[last]:
            last -= 1  # what follows the final line break is no line
        if line > last:
            line, column = last, len(lines[last])
        return Position(self.name, line + 1, min(column, len(lines[line])) + 1)


class Mark(NamedTuple):
    """Where a key and its value stand (from 0); items of a sequence have both in one place."""

    source: Source
    key_line: int
    key_column: int
    line: int
    column: int


class Number(float):
    """A plain number that `int` does not hold as it was typed: `2.10`, `1e-4`, 30 digits."""

    __slots__ = ("text",)
    text: str


class Map(dict[str, "Value"]):
    """A mapping, with the mark of each of its keys."""

    __slots__ = ("marks",)
    marks: dict[str, Mark]

    def __init__(self) -> None:
        super().__init__()
        self.marks = {}


class Seq(list["Value"]):
    """A sequence, with the mark of each of its items."""

    __slots__ = ("marks",)
    marks: list[Mark]

    def __init__(self) -> None:
        super().__init__()
        self.marks = []


Value: TypeAlias = "str | bool | int | Number | Map | Seq | None"


def plain(text: str) -> str | bool | int | Number | None:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-0123456789" or not JSON_NUMBER.match(text):
        return text
    if _SHORT_INTEGER.match(text):
        return int(text)
    number = Number(text)
    number.text = text
    return number


def scalar_text(value: object) -> str | None:
    """The text of a scalar as it was typed, `None` for what is no text, boolean or number."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.text
    return str(value) if isinstance(value, int) else None
