"""`emctl show`: a spec as it counts, with defaults, copies and references settled."""

import click

from schemas import kinds, load_any
from schemas.text import to_yaml


@click.command()
@click.argument("file", metavar="FILE")
def show(file: str) -> None:
    """Print the resolved spec as one YAML document, which loads as the same spec."""
    click.echo(to_yaml(kinds.document(load_any(file))), nl=False)
