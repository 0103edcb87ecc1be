"""`emctl recover`: take in what a killed run made on AWS and could not write down."""

from dataclasses import replace
from pathlib import Path

import click

from cli.recovery.find import call, find, finish, settle
from cli.recovery.lock import let_go
from cli.recovery.pending import (
    CREATING,
    UPDATING,
    Made,
    Operation,
    accounts,
    asks_passphrase,
    known,
    operations,
    settled,
    urns,
)
from cli.recovery.pending import Document as State
from cli.stack import PASSPHRASE, Stack, environment, without_secrets
from tools.errors import ToolError


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--stack", "name", help="Which stack. [default: the spec's file name]")
@click.option(
    "--force",
    is_flag=True,
    help="Remove the lock of a run on another machine, or that seems to go on: it must be over.",
)
def recover(spec: Path, name: str | None, force: bool) -> None:
    """Bring a stack's state up to what a run that was killed has done on AWS.

    For when that run is over: its lock is removed. What it was making is looked for, and taken in
    where it is there; the next `pulumi up` makes the rest.
    """
    stack = Stack(name or spec.stem, without_secrets())
    for lock in let_go(stack, force):
        click.echo(f"removed the lock of {lock}", err=True)
    before = stack.export()
    if asks_passphrase(before):
        stack = replace(stack, environment=environment(stack.name, PASSPHRASE.exists()))
    pending = operations(before)
    if pending:
        _same_account(before, pending[0].region)
    taken = _found([item for item in pending if item.kind == CREATING], before)
    changing = {item.urn for item in pending if item.kind != CREATING} & urns(before)
    for item in pending:
        if item.kind == UPDATING:
            settle(item, item.id)
    if before["deployment"].get("pending_operations"):
        if stack.export() != before:
            raise ToolError(f"the stack {stack.name} was changed meanwhile", "try again")
        for made, id in taken:
            finish(made, id)
        stack.replace(settled(before, taken))
    if targets := sorted({item.urn for item, _ in taken} | changing):
        stack.refresh(targets)
    _say(pending, taken, urns(stack.export()))


def _same_account(state: State, region: str) -> None:
    """Of another account nothing would be found, and all of it let go. Raises ToolError."""
    own, stacks = call(region, "sts", "get-caller-identity", {})["Account"], accounts(state)
    if stacks and own not in stacks:
        raise ToolError(
            f"the stack's things are in the account {', '.join(sorted(stacks))} of AWS, "
            f"and your credentials are of {own}",
            "give those of the stack's account, as by AWS_PROFILE",
        )


def _found(pending: list[Operation], state: State) -> list[Made]:
    taken: list[Made] = []
    for item in pending:
        click.echo(f"looking for {item}", err=True)
        id = find(item, known(state, item.type) | {(made.urn, id) for made, id in taken})
        if id is not None:
            taken.append((item, id))
    return taken


def _say(pending: list[Operation], taken: list[Made], there: set[str]) -> None:
    ids = {item.urn: id for item, id in taken}
    # Of one URN there may be several.
    for item in {(item.kind, item.urn): item for item in pending}.values():
        if item.kind != CREATING:
            click.echo(f"{item}: {'looked at again' if item.urn in there else 'is gone'}")
        elif item.urn in ids and item.urn in there:
            click.echo(f"{item}: taken in as {ids[item.urn]}")
        else:
            click.echo(f"{item}: let go, `pulumi up` makes it")
    if not pending:
        click.echo("nothing was under way on AWS", err=True)
