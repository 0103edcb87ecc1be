"""`emctl logs`: what the script, the server, TensorBoard or Jupyter wrote."""

import sys
import threading
from pathlib import Path
from queue import Queue

import click

from cli import archived
from cli.api import api
from cli.asked import Asked
from cli.context import context, load
from cli.feed import Feed, follow, read
from cli.interrupt import ended_by_interrupt
from cli.logformat import readable
from cli.logpods import Run, earlier, ended
from cli.statuses import upkeep
from cli.statuses.objects import Objects
from cli.tail import Item, Line, Note, Tail, whole
from cli.targets import KINDS, Target, chosen, failures
from components.manifests.training import KIND as TRAINING
from schemas import resolved
from tools.errors import ToolError

_WAITING = 10_000
"""Lines that are held before whoever reads them is waited for."""


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("what", metavar="KIND/NAME")
@click.option("-f", "--follow", "following", is_flag=True, help="Go on until it has ended.")
@click.option(
    "--instance", type=click.IntRange(min=0), help="Of a training: 0, else; of a stage: all, else."
)
@click.option("--previous", is_flag=True, help="The run before the last one.")
@click.option("--container", metavar="NAME", help="[default: the one that does the work]")
def logs(
    spec: Path,
    what: str,
    following: bool,
    instance: int | None,
    previous: bool,
    container: str | None,
) -> None:
    """Print the log of a training, stage, notebook or experiment.

    Records of log management are shown as time (UTC), level and text, all other lines as they are.
    With -f it ends by itself when the training has, and the exit code is 1 if that failed. What is
    no line of the log goes to standard error.
    """
    if following and previous:
        raise click.UsageError("--previous has ended: there is nothing to follow")
    workspace = load(spec)
    target = _one(workspace, what)
    with ended_by_interrupt(), api(context(workspace.platform)) as cluster:
        asked = Asked(
            cluster=cluster,
            namespace=workspace.name,
            target=target,
            instance=instance,
            container=container,
            previous=previous,
        )
        code = _Following(asked).run() if following else _print(asked)
    sys.exit(code)


def _one(workspace: resolved.Workspace, what: str) -> Target:
    found = chosen(workspace, what)
    if len(found) == 1:
        return found[0]
    known = ", ".join(map(str, found))
    raise ToolError(f"which {what}? {known}" if found else f"the spec has no {what}")


def _print(asked: Asked) -> int:
    objects = read(asked.cluster, asked.namespace)
    there = asked.runs(objects)
    found = there
    if asked.target.kind == TRAINING:
        if asked.previous:
            found = earlier(asked.target, objects, asked.instance or 0, there)
        found = found[-1:]
    elif asked.previous:
        found = [run for run in found if run.has_previous]
    begun = [run for run in found if run.started]
    if not begun:
        return _instead(asked, objects, there)
    again = asked.previous and asked.target.kind != TRAINING
    for run in begun:
        if len(begun) > 1:
            _say(f"pod {run.name}")
        for line in whole(asked.cluster, asked.namespace, run, previous=again):
            click.echo(readable(line))
        if (run.is_over or again) and (why := ended(run)):
            _say(why)
    return 0


def _instead(asked: Asked, objects: Objects, there: list[Run]) -> int:
    """What is archived, or why there is nothing."""
    status = asked.target.status(objects)
    is_final = status.word in KINDS[asked.target.kind].final
    why = upkeep.reading(objects) or "no log of it is archived"
    if asked.may_be_archived and (asked.previous or (is_final and not there)):
        try:
            if archived.show(asked, objects, there, click.echo, _say):
                return 0
        except ToolError as error:
            why = upkeep.reading(objects) or str(error)
    else:
        why = ""
    if asked.previous:
        gone = "has no run before that is still there"
        raise ToolError(f"{asked.target} {gone}" + (f", and {why}" if why else ""))
    _say(f"{asked.target}: {status}" + (f"; its pods are gone, and {why}" if why else ""))
    return 1


class _Following:
    """Lines of all runs as they come, and what happens between them."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._inbox: Queue[Item | Objects | ToolError] = Queue(_WAITING)
        self._seen: set[tuple[str, int]] = set()
        self._live: set[tuple[str, int]] = set()
        self._told = ""
        self._followed = False

    def run(self) -> int:
        """Until its status stays and all that ran has ended. Returns the exit code."""
        target = self._asked.target
        objects: Objects | None = None
        with follow(self._asked.cluster, self._asked.namespace) as feed:
            threading.Thread(target=self._listen, args=(feed,), daemon=True).start()
            while objects is None or self._live or not _stays(target, objects):
                item = self._inbox.get()
                if isinstance(item, ToolError):
                    raise item
                if isinstance(item, Objects):
                    self._look(item, first=objects is None)
                    objects = item
                else:
                    self._take(item)
            feed.close()
        # A status may be known before the pods that it comes from.
        objects = read(self._asked.cluster, self._asked.namespace)
        if self._start(self._asked.runs(objects)):
            while self._live:
                item = self._inbox.get()
                if not isinstance(item, Objects | ToolError):
                    self._take(item)
        if not self._followed and self._asked.may_be_archived:
            _instead(self._asked, objects, [])
        status = target.status(objects)
        self._tell(f"{target}: {status}")
        return 1 if status.word in failures(target.kind) else 0

    def _listen(self, feed: Feed) -> None:
        try:
            while (objects := feed.next()) is not None:
                self._inbox.put(objects)
        except ToolError as error:
            self._inbox.put(error)

    def _look(self, objects: Objects, *, first: bool) -> None:
        found = self._asked.runs(objects)
        if first and self._asked.target.kind == TRAINING:
            self._seen |= {run.key for run in found[:-1]}
        self._start(found)
        if not self._live:
            self._tell(f"{self._asked.target}: {self._asked.target.status(objects)}")

    def _start(self, found: list[Run]) -> bool:
        """Follow what has started since; whether there is something."""
        fresh = [run for run in found if run.started and run.key not in self._seen]
        for run in fresh:
            if self._seen or len(found) > 1:
                _say(f"pod {run.name}")
            self._seen.add(run.key)
            self._live.add(run.key)
            self._followed = True
            Tail(self._asked.cluster, self._asked.namespace, run, self._inbox.put).start()
        return bool(fresh)

    def _take(self, item: Item) -> None:
        if isinstance(item, Line):
            # Attempts of a training follow each other.
            several = len(self._live) > 1 and self._asked.target.kind != TRAINING
            head = f"[{item.run.name.rpartition('-')[2]}] " if several else ""
            click.echo(head + readable(item.text))
        elif isinstance(item, Note):
            _say(item.text)
        else:
            self._live.discard(item.key)
            if why := ended(item.run):
                _say(why)

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            _say(text)


def _stays(target: Target, objects: Objects) -> bool:
    return target.status(objects).word in KINDS[target.kind].final


def _say(text: str) -> None:
    click.echo(text, err=True)
