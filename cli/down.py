"""`emctl down`: remove what `emctl up` made."""

import os
import shutil
from pathlib import Path

import click

from cli.api import api
from cli.context import context, load
from cli.feed import has_namespace
from cli.stack import PASSPHRASE, STATE, Stack, environment
from tools.errors import ToolError


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--stack", "name", help="Which stack. [default: the spec's file name]")
def down(spec: Path, name: str | None) -> None:
    """Remove what a spec's stack made, and the stack.

    Where the cluster is gone only the stack is left to remove. Models in object storage stay.
    """
    stack = Stack(name or spec.stem, environment(local=True))
    if stack.resources is None:
        click.echo(f"there is no stack {stack.name!r}", err=True)
    else:
        if stack.resources and _answers(spec):
            stack.destroy()
        stack.forget()
    if not os.environ.get("PULUMI_BACKEND_URL") and not stack.others():
        shutil.rmtree(STATE / ".pulumi", ignore_errors=True)
        PASSPHRASE.unlink(missing_ok=True)


def _answers(spec: Path) -> bool:
    workspace = load(spec)
    try:
        with api(context(workspace.platform)) as cluster:
            has_namespace(cluster, workspace.name)
    except ToolError as error:
        click.echo(f"{error}: only the stack is removed", err=True)
        return False
    return True
