"""`emctl down`: remove what `emctl up` made."""

import os
import shutil
from pathlib import Path

import click

import schemas
from cli.api import api
from cli.context import context, located
from cli.feed import has_namespace
from cli.local_stack import is_gone, is_local
from cli.stack import PASSPHRASE, STATE, Stack, environment
from schemas import resolved
from schemas.platform import AwsTarget
from tools.errors import ToolError


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--stack", "name", help="Which stack. [default: the spec's file name]")
def down(spec: Path, name: str | None) -> None:
    """Remove what a spec's stack made, and the stack.

    Where a local cluster is gone only the stack is left to remove; where another one can't be
    reached nothing is removed. Models in object storage stay, and so does the stack's file, unless
    it is a local cluster's.
    """
    workspace = schemas.load(spec)
    local = is_local(workspace.platform.target)
    called = name or spec.stem
    stack = Stack(called, environment(called, local))
    resources = stack.resources
    if resources is None:
        click.echo(f"there is no stack {stack.name!r}", err=True)
    else:
        if resources and _answers(workspace, stack):
            stack.destroy()
        if local:
            stack.forget()
        else:
            stack.remove()
    if local and not os.environ.get("PULUMI_BACKEND_URL") and not stack.others():
        shutil.rmtree(STATE / ".pulumi", ignore_errors=True)
        PASSPHRASE.unlink(missing_ok=True)


def _answers(workspace: resolved.Workspace, stack: Stack) -> bool:
    """Whether the cluster does. Raises ToolError where it may be there all the same."""
    try:
        with api(context(located(workspace).platform)) as cluster:
            has_namespace(cluster, workspace.name)
    except ToolError as error:
        target = workspace.platform.target
        if is_local(target) and is_gone(target.context or ""):
            click.echo(f"{error}: only the stack is removed", err=True)
            return False
        named = target.cluster_stack if isinstance(target, AwsTarget) else target.context
        why = " ".join(error.message.split()).removeprefix("the cluster can't be read: ")
        raise ToolError(
            f"the cluster {named!r} can't be reached, and nothing was removed: {why}",
            "once it answers, try again; where it is gone for good, "
            f"`pulumi stack rm --force --preserve-config {stack.name}` removes the stack alone",
        ) from None
    return True
