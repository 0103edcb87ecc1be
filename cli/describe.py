"""`emctl describe`: everything about one resource."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cli.api import api
from cli.context import context, load
from cli.description import Description
from cli.description import describe as described
from cli.feed import read
from cli.statuses.status import Status
from cli.targets import one

_WARNINGS = 20


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("what", metavar="KIND/NAME")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def describe(spec: Path, what: str, as_json: bool) -> None:
    """Say all about one resource: status with its cause, revision, places, spec, warnings.

    The spec is what was applied last, and not what the file says now. Warnings are the cluster's,
    newest first; it forgets them after an hour.
    """
    workspace = load(spec)
    target = one(workspace, what)
    with api(context(workspace.platform)) as cluster:
        objects = read(cluster, workspace.name)
    found = described(workspace, target, objects, str(spec))
    if as_json:
        click.echo(json.dumps({"workspace": workspace.name, **_as_dict(found)}, indent=2))
    else:
        click.echo("\n".join(_text(found)))


def _text(found: Description) -> Iterator[str]:
    yield str(found.target)
    heads = {
        "status": str(found.status),
        "since": found.status.since,
        "API Gateway": str(found.api_gateway or ""),
        "revision": _revision(found),
        "object": found.owner,
        **found.places,
    }
    width = max(map(len, heads)) + 1
    for head, value in heads.items():
        if value:
            yield f"  {head + ':':<{width}} {value}"
    if found.spec_yaml:
        yield "spec as applied:"
        yield from (f"  {line}" for line in found.spec_yaml.splitlines())
    if found.warnings:
        yield "warnings:"
        yield from (f"  {warning}" for warning in found.warnings[:_WARNINGS])
        if (more := len(found.warnings) - _WARNINGS) > 0:
            yield f"  and {more} older"


def _revision(found: Description) -> str:
    if not found.revision or found.declared in ("", found.revision):
        return found.revision
    return f"{found.revision} (the spec is {found.declared} now, which is not applied)"


def _as_dict(found: Description) -> dict[str, Any]:
    gateway = {"api_gateway": _plain(found.api_gateway)} if found.api_gateway else {}
    return {
        "kind": found.target.kind,
        "name": found.target.name,
        **_plain(found.status),
        **gateway,
        "revision": found.revision or None,
        "declared_revision": found.declared or None,
        "object": found.owner or None,
        "places": {key.replace(" ", "_"): value for key, value in found.places.items()},
        "spec": found.spec,
        "warnings": [warning.as_dict() for warning in found.warnings],
    }


def _plain(status: Status) -> dict[str, str | None]:
    return {
        "status": str(status.word),
        "cause": status.cause or None,
        "since": status.since or None,
    }
