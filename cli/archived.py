"""The archived log that `emctl logs` shows where the pods are gone."""

from collections.abc import Callable

from cli.archive import Archive, Attempt, archive
from cli.asked import Asked
from cli.logformat import readable
from cli.logpods import Run
from cli.statuses import training
from cli.statuses.objects import Objects, label
from components.manifests.metadata import REVISION_LABEL

Say = Callable[[str], None]


def show(asked: Asked, objects: Objects, current: list[Run], echo: Say, say: Say) -> bool:
    """Print the last attempt of a training's instance, or the one before; whether there is one.

    `current` are the attempts whose pods are there: what is before them counts. Raises ToolError
    where the archive can't be read.
    """
    job = training.current_job(objects, asked.target.name)
    revision = label(job, REVISION_LABEL) if job else ""
    with archive(asked.cluster, asked.namespace) as found:
        attempt = _chosen(asked, found, revision, {run.name for run in current})
        if attempt is None:
            return False
        say(f"archived, of the pod {attempt.pod}")
        for line in found.lines(attempt, say):
            echo(readable(line))
        end = found.end(attempt)
    if end is None:
        say("it ends as it was kept last: the pod ended before its launcher could")
    elif end.get("exit_code") != 0:
        words = f": {end['sentence']}" if end.get("sentence") else ""
        say(f"instance {end.get('instance')} ended with exit code {end.get('exit_code')}{words}")
    return True


def _chosen(asked: Asked, found: Archive, revision: str, current: set[str]) -> Attempt | None:
    name, instance = asked.target.name, asked.instance or 0
    attempts = found.attempts(name, revision, instance) if revision else []
    if not asked.previous:
        return max(attempts, default=None)
    last = max(attempts, default=None)
    earlier = [
        attempt
        for each in found.revisions(name)
        for attempt in found.attempts(name, each, instance)
        if attempt.pod not in current and (current or attempt != last)
    ]
    newest = max((item for item in attempts if item.pod in current), default=last)
    if newest is not None:
        earlier = [attempt for attempt in earlier if attempt < newest]
    return max(earlier, default=None)
