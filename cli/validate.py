"""`emctl validate`: everything that is wrong with a spec, at once."""

import json
import sys
from collections import ChainMap
from collections.abc import Sequence

import click

from cli import issues as render
from schemas import resolved_cluster
from schemas.applied import Resolved
from schemas.errors import Issue, SpecError, distinct
from schemas.load import load_any


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="text for people, json or sarif for machines",
)
def validate(files: tuple[str, ...], form: str) -> None:
    """Check specs with all that they include.

    Exits with 0 if all are valid and 1 if not.
    """
    found: list[Issue] = []
    lines: ChainMap[str, Sequence[str]] = ChainMap()
    for file in files:
        try:
            spec = load_any(file)
        except SpecError as error:
            lines.maps.append(dict(error.lines))
            found += error.issues
        else:
            if form == "text":
                click.echo(f"{file}: valid, {_contents(spec)}")
    problems = distinct(found)  # what two specs include is wrong once
    if form == "json":
        click.echo(json.dumps(render.as_json(problems), indent=2, ensure_ascii=False))
    elif form == "sarif":
        click.echo(json.dumps(render.as_sarif(problems), indent=2, ensure_ascii=False))
    elif problems:
        click.echo(render.text(problems, lines, terminal=sys.stderr.isatty()), err=True)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        if sys.stderr.isatty():
            click.echo(count, err=True)
    sys.exit(1 if problems else 0)


def _contents(spec: Resolved) -> str:
    if isinstance(spec, resolved_cluster.ClusterAddons):
        return f"add-ons of cluster {spec.name}"
    if isinstance(spec, resolved_cluster.Cluster):
        return f"cluster {spec.name} with " + _counted({"pool": len(spec.pools)})
    parts = {
        "experiment": len(spec.experiments),
        "training": len(spec.trainings),
        "model": len(spec.models),
        "endpoint": len(spec.endpoints),
        "notebook": len(spec.notebooks),
    }
    return f"workspace {spec.name} with " + _counted(parts)


def _counted(parts: dict[str, int]) -> str:
    listed = [f"{n} {noun}{'' if n == 1 else 's'}" for noun, n in parts.items() if n]
    return ", ".join(listed) or "nothing in it"
