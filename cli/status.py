"""`emctl status`: how everything is, in the console's words."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli.api import api
from cli.context import context, load
from cli.feed import Feed, follow, read
from cli.interrupt import ended_by_interrupt
from cli.statuses import upkeep
from cli.statuses.objects import Objects
from cli.statuses.status import Status
from cli.targets import Target, chosen, targets
from cli.urls import urls
from components.manifests import places
from schemas import resolved

_GAP = "  "


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("what", metavar="[KIND[/NAME]]", required=False)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("-w", "--watch", "watching", is_flag=True, help="Go on until Ctrl-C, as it changes.")
def status(spec: Path, what: str | None, as_json: bool, watching: bool) -> None:
    """Say how the resources of a spec are, with the cause where something failed.

    KIND is experiment, training, model, endpoint, stage or notebook; a stage's name is
    ENDPOINT/STAGE. What each word means: docs/reference/status.md. The exit code is 0 whatever the
    statuses are, and 1 if the cluster can't be read.

    With --watch all is shown anew whenever something of it changes: on a terminal in the place of
    what was there, else below an empty line, and as one line of JSON each time.
    """
    workspace = load(spec)
    wanted = chosen(workspace, what) if what else targets(workspace)
    places = _places(workspace)

    def shown(objects: Objects) -> str:
        found = [(t, t.status(objects), t.api_gateway(objects), places.get(t, "")) for t in wanted]
        notes = [] if what else upkeep.notes(objects)
        if not as_json:
            return "\n".join([*(table(found) if found else []), *([""] if notes else []), *notes])
        listed = {"workspace": workspace.name, "resources": [_as_dict(*row) for row in found]}
        if notes:
            listed["notes"] = notes
        return json.dumps(listed, indent=None if watching else 2)

    with api(context(workspace.platform)) as cluster:
        if watching:
            with ended_by_interrupt(), follow(cluster, workspace.name) as feed:
                watch(feed, shown, gap="" if as_json else "\n")
        elif text := shown(read(cluster, workspace.name)):
            click.echo(text)


def watch(feed: Feed, shown: Callable[[Objects], str], gap: str) -> None:
    """Print what is shown of the objects each time that it is different, until the feed ends."""
    last = None
    while (objects := feed.next()) is not None:
        text = shown(objects)
        if text != last:
            if sys.stdout.isatty():
                click.clear()
            elif gap and last is not None:
                click.echo(gap, nl=False)
            click.echo(text)
        last = text


Row = tuple[Target, Status, Status | None, str]


def table(rows: list[Row]) -> list[str]:
    """Lines with a column for API Gateway where a row has it."""
    head = ["KIND", "NAME", "STATUS", "API GATEWAY", "CAUSE OR PLACE"]
    body = [
        [
            target.kind,
            target.name,
            str(status.word),
            str(gateway.word) if gateway else "",
            status.cause or (gateway.cause if gateway else "") or place,
        ]
        for target, status, gateway, place in rows
    ]
    if all(gateway is None for _, _, gateway, _ in rows):
        for line in [head, *body]:
            del line[3]
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    return [
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [head, *body]
    ]


def _as_dict(target: Target, status: Status, gateway: Status | None, place: str) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": target.kind, "name": target.name, **_plain(status)}
    if gateway:
        found["api_gateway"] = _plain(gateway)
    return {**found, "place": place or None}


def _plain(status: Status) -> dict[str, str | None]:
    return {
        "status": str(status.word),
        "cause": status.cause or None,
        "since": status.since or None,
    }


def _places(workspace: resolved.Workspace) -> dict[Target, str]:
    """Where each answers or leaves its results."""
    found = urls(workspace)
    for training in workspace.trainings.values():
        found[Target("training", training.name)] = places.output(training).text
    for model in workspace.models.values():
        source = model.source
        text = f"training {source.name}" if isinstance(source, resolved.Training) else source.text
        found[Target("model", model.name)] = text
    return found
