"""One YAML file to a `tree.Map`: strict, bounded in size, depth and aliases, with positions.

Reads the parser's events, never its nodes: an event costs a microsecond, and nesting costs no
Python stack. A file that cannot be read as one document of plain mappings raises `SpecError`;
keys declared twice are collected, so that they show up together with everything else.
"""

import re

import yaml

from schemas.errors import Issue, Position, SpecError
from schemas.events import TOO_DEEP, Builder
from schemas.tree import Map, Source

MAX_BYTES = 16 * 1024 * 1024
# What YAML calls printable; the parsers differ in how they say so.
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def parse(source: Source) -> tuple[Map, list[Issue]]:
    """Read one file. Returns its tree, and the keys that it declares twice or without a value.

    Of a key that is declared twice the first counts.

    Raises:
        SpecError: one issue, for what makes the file unreadable.

    """
    try:
        return Builder(source).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if "end of stream" in (error.problem or "") and "quoted" in (error.context or ""):
            mark = error.context_mark or mark  # where it opens, not where the file ends
        at = source.position(mark.line, mark.column) if mark else source.position(0, 0)
        if "nesting depth" in (error.problem or ""):  # libyaml looks ahead, and has its own bound
            raise SpecError([Issue("depth", at, "", TOO_DEEP)]) from None
        message, hint = _syntax(error, source, at)
        raise SpecError([Issue("yaml-syntax", at, "", message, hint)]) from None


def decode(content: bytes, name: str) -> Source:
    """The text of a file.

    Raises:
        SpecError: it is too long, not UTF-8, or holds what YAML allows nowhere.

    """
    if len(content) > MAX_BYTES:
        message = f"the file is longer than {MAX_BYTES // 2**20} MiB"
        hint = "split the spec into files that it includes"
        raise SpecError([Issue("file-size", Position(name, 1, 1), "", message, hint)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = _end_of(Source(name, content[: error.start].decode("utf-8-sig", errors="replace")))
        message = f"the file is not UTF-8: byte 0x{content[error.start]:02x}"
        raise SpecError([Issue("not-utf8", at, "", message, "save it as UTF-8")]) from None
    if bad := _UNPRINTABLE.search(text):
        at = _end_of(Source(name, text[: bad.start()]))
        message = f"the control character U+{ord(bad.group()):04X} is not allowed in YAML"
        hint = f'inside double quotes it is written "\\u{ord(bad.group()):04X}"'
        raise SpecError([Issue("control-character", at, "", message, hint)])
    return Source(name, text)


def _end_of(before: Source) -> Position:
    return Position(before.name, len(before.lines), len(before.lines[-1]) + 1)


def _syntax(error: yaml.MarkedYAMLError, source: Source, at: Position) -> tuple[str, str]:
    """What is wrong, in words for who writes the file; else the parser's own words."""
    problem, context = (error.problem or "no valid YAML").strip(), (error.context or "").strip()
    line = source.lines[at.line - 1]
    if line[: at.column].strip(" ") == "\t" or "'\\t'" in problem:
        return "a tab cannot indent YAML", "use blanks"
    found = (
        repr(line[at.column - 1 : at.column]) if line[at.column - 1 :] else "the end of the line"
    )
    closing = "]" if "']'" in problem else "}"
    for part, message, hint in (
        ("mapping values are not allowed", "a second ': ' stands in one value",
         "put the value in quotes, or indent it below"),
        ("cannot start any token", f"{found} cannot start a value", "put the value in quotes"),
        ("expected key", "the indentation of this line fits no key above it", "align it"),
        ("expected <block end>", "the indentation of this line fits no key above it", "align it"),
        ("expected node content", f"a value is missing before {found}", ""),
        ("expected the node content", f"a value is missing before {found}", ""),
        ("unknown escape", "this escape is not known in double quotes",
         "use single quotes, or \\\\ for \\"),
        ("Unicode character escape", "this escape is no character",
         "write the character itself, or \\U with its eight digits"),
        ("unexpected end of stream", "the quote that opens here is never closed",
         "add the closing quote"),
        ("expected ',' or", f"',' or {closing!r} is missing here",
         "quote a value that holds ',' or brackets"),
    ):  # fmt: skip
        if part in problem:
            return message, hint
    return f"this is no YAML: {problem} {context}".rstrip(), ""
