"""`emctl schema`: what editors complete and check by, and the reference page."""

import sys
from pathlib import Path

import click

from schemas import load
from schemas.json_schema import json_schema, to_text
from schemas.ranges import DEFAULTS
from schemas.reference import reference

SCHEMA = "schemas/easymaker.schema.json"
REFERENCE = "docs/reference/spec.md"


@click.command()
@click.argument("file", metavar="[FILE]", default=SCHEMA)
@click.option(
    "--check", is_flag=True, help="write nothing; exit with 1 if a file is not up to date"
)
@click.option("--limits-of", metavar="SPEC", help="with the ranges that a spec's platform allows")
@click.option("--reference", "page", metavar="PAGE", help=f"also the reference page, {REFERENCE}")
def schema(file: str, check: bool, limits_of: str | None, page: str | None) -> None:
    """Write the JSON schema of the spec language to FILE, or print it where FILE is `-`.

    FILE is schemas/easymaker.schema.json if it is not given. A platform that allows other ranges
    than EasyMaker's writes a schema of its own, with --limits-of.
    """
    limits = load(limits_of).platform.limits if limits_of else DEFAULTS
    made = {file: to_text(json_schema(limits))}
    if page:
        made[page] = reference()
    if file == "-" and not check:
        click.echo(made.pop("-"), nl=False)
    stale = [name for name, content in made.items() if _content(name) != content]
    if check:
        for name in stale:
            click.echo(f"emctl: {name} is not up to date (run `emctl schema {name}`)", err=True)
        sys.exit(1 if stale else 0)
    for name in stale:
        _write(name, made[name])


def _content(name: str) -> str | None:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(name: str, content: str) -> None:
    try:
        Path(name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise click.FileError(name, (error.strerror or str(error)).lower()) from None
    click.echo(f"wrote {name}", err=True)
