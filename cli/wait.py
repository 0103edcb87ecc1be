"""`emctl wait`: until resources have a status."""

import sys
import time
from enum import StrEnum
from pathlib import Path

import click

from cli.api import api
from cli.context import context, load
from cli.duration import Duration
from cli.feed import follow
from cli.targets import KINDS, Target, chosen
from cli.waiting import Waiting, goals
from schemas.nearest import close
from tools.errors import ToolError

TIME_OVER = 124
"""Exit code, as timeout(1) has it."""


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("what", metavar="KIND/NAME...", nargs=-1, required=True)
@click.option(
    "--for",
    "word",
    metavar="STATUS",
    help="Which status. [default: COMPLETE, ACTIVE or ACTIVE (HEALTHY)]",
)
@click.option("--timeout", type=Duration(), help="Such as 10m. [default: as long as it takes]")
def wait(spec: Path, what: tuple[str, ...], word: str | None, timeout: int | None) -> None:
    """Wait until resources of a spec have a status, telling what changes.

    Exits with 0 when all have it; with 1 when one has a status that it keeps until somebody does
    something (it failed, was stopped, is complete), or the cluster can't be read; with 124 when the
    time is over.
    """
    workspace = load(spec)
    targets = [target for name in what for target in chosen(workspace, name)]
    wishes = goals(targets) if word is None else {t: _word(t, word) for t in targets}
    end = None if timeout is None else time.monotonic() + timeout
    with api(context(workspace.platform)) as cluster, follow(cluster, workspace.name) as feed:
        found = Waiting(feed, _say).until(wishes, end)
    others = {target: found[target] for target in targets if found[target].word != wishes[target]}
    for target, status in others.items():
        _say(f"{target} is not {wishes[target]}: it is {status}")
    if others:
        final = any(status.word in KINDS[target.kind].final for target, status in others.items())
        sys.exit(1 if final else TIME_OVER)


def _word(target: Target, text: str) -> StrEnum:
    words = KINDS[target.kind].words
    try:
        return words(text.upper())
    except ValueError:
        raise ToolError(
            f"a {target.kind} is never {text!r}", close(text, map(str, words))
        ) from None


def _say(line: str) -> None:
    click.echo(line, err=True)
