"""A spec's problems for people (with the line and a caret), as JSON, and as SARIF."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import click

from schemas.catalog import RULES
from schemas.errors import Issue, Position
from schemas.shape import SENSITIVE

WIDTH = 100
# Lines are judged by their text alone, so that of a pool called `private` is not shown either.
_SECRET_KEY = re.compile(rf"(?P<indent>\s*)(?:- )?.*(?:{SENSITIVE.pattern})[\w-]*['\"]?\s*:", re.I)
_USERINFO = re.compile(r"//\S*@")
Lines = Mapping[str, Sequence[str]]


def text(issues: Iterable[Issue], lines: Lines, *, terminal: bool) -> str:
    """One line a problem; on a terminal with colours, the line itself and a caret under it."""
    if not terminal:
        return "\n".join(map(str, issues))
    return "\n".join(_with_excerpt(issue, lines.get(issue.position.file, ())) for issue in issues)


def as_json(issues: Iterable[Issue]) -> dict[str, Any]:
    """`{"valid": …, "issues": […]}`; lines and columns count from 1, in characters."""
    listed = [
        {
            "rule": issue.rule,
            **issue.position._asdict(),
            "path": issue.path,
            "message": issue.message,
            "hint": issue.hint,
            "related": [at._asdict() for at in issue.related],
        }
        for issue in issues
    ]
    return {"valid": not listed, "issues": listed}


def as_sarif(issues: Sequence[Issue]) -> dict[str, Any]:
    """A SARIF 2.1.0 log, which code hosts show beside the lines."""
    used = sorted({issue.rule for issue in issues})
    results = [
        {
            "ruleId": issue.rule,
            "ruleIndex": used.index(issue.rule),
            "level": "error",
            "message": {"text": _sentence(issue)},
            "locations": [_location(issue.position)],
            "relatedLocations": [_location(at) for at in issue.related],
        }
        for issue in issues
    ]
    rules = [{"id": rule, "shortDescription": {"text": RULES[rule]}} for rule in used]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "emctl", "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _location(at: Position) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(at.file)},
            "region": {"startLine": at.line, "startColumn": at.column},
        }
    }


def _sentence(issue: Issue) -> str:
    where = f"{issue.path}: " if issue.path else ""
    return f"{where}{issue.message}" + (f" ({issue.hint})" if issue.hint else "")


def _with_excerpt(issue: Issue, lines: Sequence[str]) -> str:
    at = click.style(str(issue.position), bold=True)
    head = f"{at}: {click.style(issue.message, fg='red')}"
    if issue.path:
        head = f"{at}: {issue.path}: {click.style(issue.message, fg='red')}"
    if issue.hint:
        head += click.style(f" ({issue.hint})", fg="cyan")
    found = excerpt(lines, issue.position.line, issue.position.column)
    return f"{head}\n{found}" if found else head


def excerpt(lines: Sequence[str], line: int, column: int) -> str:
    """A line with a caret under a column; empty where the line may hold a secret."""
    if not 1 <= line <= len(lines) or not lines[line - 1].strip() or hidden(lines, line):
        return ""
    shown = lines[line - 1]
    start = 0 if column <= WIDTH - 20 else column - WIDTH // 2
    cut = shown[start : start + WIDTH]
    cut = "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in cut)
    before = cut[: column - 1 - start]
    margin = "".join("\t" if c == "\t" else " " * _width(c) for c in before)
    number = f"{line:>5} | "
    return f"{number}{cut}\n{' ' * (len(number) - 2)}| {margin}{click.style('^', fg='red')}"


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def hidden(lines: Sequence[str], line: int) -> bool:
    """Whether a line holds a key whose value may be secret, or stands below one.

    Goes by the text alone, so that it holds for a file that is no YAML too.
    """
    if _SECRET_KEY.match(lines[line - 1]) or _USERINFO.search(lines[line - 1]):
        return True
    indent = _indent(lines[line - 1])
    for above in reversed(lines[: line - 1]):
        if not above.strip():
            continue
        match = _SECRET_KEY.match(above)
        if match and (len(match["indent"]) < indent or _is_open(above)):
            return True
        indent = min(indent, _indent(above))
        if indent == 0:
            return False
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" -"))


def _is_open(line: str) -> bool:
    """Whether a bracket or quote that a line opens goes on below."""
    return any(line.count(a) > line.count(b) for a, b in ("{}", "[]")) or (
        line.count('"') % 2 == 1 or line.count("'") % 2 == 1
    )
