"""`emctl diff`: what the change from one spec to another does, and costs."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from cli.revision import spec_at
from schemas import kinds
from schemas.change import Change
from schemas.effects import Effect
from schemas.header import Header
from schemas.nearest import listed
from schemas.shape import Path, may_be_secret
from schemas.text import to_json
from tools.errors import ToolError

HIDDEN = "(hidden)"
_COLOURS = {
    Effect.IN_PLACE: None,
    Effect.CREATE: "green",
    Effect.NEW_REVISION: "yellow",
    Effect.RESTART: "yellow",
    Effect.REPLACE: "red",
    Effect.DELETE: "red",
    Effect.REFUSED: "red",
}


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def diff(old: str, new: str, form: str) -> None:
    """Compare two specs: what each change does, and what it costs.

    OLD and NEW are files, or REVISION:PATH of a git repository, such as main:stacks/dev.yaml.
    Exits with 1 if a change is refused.
    """
    before, after = (kinds.document(spec_at(name)) for name in (old, new))
    if before["kind"] != after["kind"]:
        raise ToolError(f"{old} is a {before['kind']}, and {new} is a {after['kind']}")
    model = kinds.model(str(after["kind"]))
    changes = kinds.compare(str(after["kind"]), before, after)
    if form == "json":
        click.echo(json.dumps({"changes": [as_json(c, model) for c in changes]}, indent=2))
    elif changes:
        click.echo("\n".join(as_text(change, model) for change in changes))
    else:
        click.echo("no changes", err=True)
    sys.exit(1 if any(change.effect is Effect.REFUSED for change in changes) else 0)


def as_json(change: Change, model: type[Header]) -> dict[str, Any]:
    """A change for machines; values are JSON texts, for numbers arrive as they were typed."""
    return {
        "path": change.name,
        "effect": str(change.effect),
        "meaning": change.meaning,
        "costs": list(change.costs),
        "refusal": change.refusal,
        "old": _value(model, change.path, change.old),
        "new": _value(model, change.path, change.new),
        "affects": list(change.affects),
        "renamed_to": change.renamed_to,
    }


def as_text(change: Change, model: type[Header]) -> str:
    """A change for people: what it is, then what it does."""
    sign = "+" if change.old is None else "-" if change.new is None else "~"
    line = f"{sign} {change.name}"
    old, new = (_value(model, change.path, value) for value in (change.old, change.new))
    if old is not None and new is not None:
        line += f": {old} -> {new}"
    effect = click.style(str(change.effect), fg=_COLOURS[change.effect])
    consequence = change.refusal or change.meaning
    lines = [line, f"    {effect}" + (f": {consequence}" if consequence else "")]
    if change.costs:
        lines.append(f"    {click.style(', '.join(change.costs), fg='red')}")
    if change.affects:
        lines.append(f"    used by {listed(change.affects)}")
    if change.renamed_to:
        lines.append(
            f"    looks like a rename to {change.renamed_to!r}: a renamed key is a new thing"
        )
    return "\n".join(lines)


def _value(model: type[Header], path: Path, value: object) -> str | None:
    if value is None:
        return None
    shown = _shown(model, path, value)
    return HIDDEN if shown is HIDDEN else to_json(shown)


def _shown(model: type[Header], path: Path, value: object) -> object:
    """A value, hidden where it may be secret; the platform's names where secrets are."""
    if path[0] == "platform":
        return value
    if may_be_secret(model, path):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _shown(model, (*path, key), inner) for key, inner in value.items()}
    return value
