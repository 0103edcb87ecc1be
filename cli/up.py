"""`emctl up`: apply a spec, wait until all of it works, say where it answers."""

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import click

import live
from cli import local_stack, summary
from cli.api import Api, api
from cli.bucket import Buckets
from cli.context import context, load
from cli.duration import Duration
from cli.feed import follow, has_namespace, read
from cli.prepare import prepare
from cli.reach import gateway
from cli.stack import Stack, environment
from cli.statuses import stage, training
from cli.statuses.objects import Objects
from cli.statuses.status import Status
from cli.targets import KINDS, Target, failures, targets
from cli.urls import hosts
from cli.waiting import Waiting, failures_told, goals
from components.manifests import experiment
from schemas import resolved
from tools.errors import ToolError

PATIENCE_SECONDS = 60
"""So long the gateway may take until it serves what the cluster says is ready."""
_HEALTH = {
    "experiment": experiment.HEALTH,
    "endpoint": "/v2/health/ready",
    "stage": "/v2/health/ready",
}
_HEALTH["notebook"] = "/api"
_LOG_TAIL = 15


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--stack", "name", help="Which stack. [default: the spec's file name]")
@click.option(
    "--state-dir",
    "state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where local clusters are kept, instead of the user's state folder.",
)
@click.option(
    "--timeout",
    type=Duration(),
    help="How long to apply and wait, such as 2h. [default: as long as it takes]",
)
def up(spec: Path, name: str | None, state: Path | None, timeout: int | None) -> None:
    """Apply a spec, wait for its trainings, apply again what waits for them, and say where it
    answers.

    Again and again: what is right stays as it is. On a local cluster it also makes the stack and
    its secrets, builds the images that are missing, and uploads the examples. Exits with 1 if
    something failed or the time is over; what did not fail works nevertheless.
    """
    workspace = load(spec)
    local = local_stack.find(workspace, state)
    called = name or spec.stem
    stack = Stack(called, environment(called, local is not None))
    found = prepare(workspace, stack, spec, local, _say)
    end = None if timeout is None else time.monotonic() + timeout
    with api(context(workspace.platform)) as cluster:
        run = Run(workspace, spec, stack, cluster, end)
        run.train()
        run.serve()
    run.report(found)
    if local:
        _tell_directly(stack)
    if run.failed:
        lines = [f"{t.kind} {t.name}: {why}" for t, why in run.failed.items()]
        raise ToolError("\n".join(lines))


@dataclass
class Run:
    """One `emctl up` from the first apply on."""

    workspace: resolved.Workspace
    spec: Path
    stack: Stack
    cluster: Api
    end: float | None
    """When to give up waiting, on the monotonic clock."""
    failed: dict[Target, str] = field(default_factory=dict)
    well: set[Target] = field(default_factory=set)
    _told: dict[Target, str] = field(default_factory=dict)

    def train(self) -> None:
        """Apply, and wait for the trainings; apply again if a model that is served came of it."""
        before = self._complete(read(self.cluster, self.workspace.name))
        self._apply()
        objects = self._wait(
            [
                Target("training", name)
                for name, item in self.workspace.trainings.items()
                if item.state == "running"
            ]
        )
        if self._complete(objects) - before:
            self._apply()

    def serve(self) -> None:
        """Wait until everything that can serve does, seen through the gateway."""
        objects = read(self.cluster, self.workspace.name)
        wanted = [Target("experiment", name) for name in self.workspace.experiments]
        for target in self._stages():
            of, _, own = target.name.partition("/")
            if stage.deployment_of(objects, of, own) is not None:
                wanted.append(target)
            else:
                self._leave_out(target, target.status(objects))
        wanted += [
            Target("notebook", name)
            for name, item in self.workspace.notebooks.items()
            if item.state == "running"
        ]
        self._wait(wanted)
        endpoints = {
            Target("endpoint", item.name)
            for item in self.workspace.endpoints.values()
            if Target("stage", f"{item.name}/{item.default_stage}") in self.well
        }
        self._reach({target for target in wanted if target in self.well} | endpoints)

    def report(self, found: Buckets) -> None:
        """Print results and addresses."""
        lines, lost = summary.results(self.workspace, found, self.well)
        self.failed |= lost
        lines += summary.addresses(self.workspace, self.spec, self.well)
        lines += summary.requests(self.workspace, gateway(self.workspace.platform), self.well)
        click.echo("\n".join(lines), nl=bool(lines))

    def _apply(self) -> None:
        # Another cluster under the same context: what the state holds is gone.
        lost = not has_namespace(self.cluster, self.workspace.name) and bool(self.stack.resources)
        before = self._statuses()
        try:
            with (
                follow(self.cluster, self.workspace.name) as feed,
                failures_told(feed, before, _say),
            ):
                changed = self.stack.up(refresh=lost)
        except ToolError as error:
            failed = [
                f"{t}: {s}" for t, s in self._statuses().items() if s.word in failures(t.kind)
            ]
            raise ToolError("\n".join([str(error), *failed])) from None
        _say(f"stack {self.stack.name}: {'applied' if changed else 'nothing to change'}")

    def _statuses(self) -> dict[Target, Status]:
        objects = read(self.cluster, self.workspace.name)
        return {target: target.status(objects) for target in targets(self.workspace)}

    def _complete(self, objects: Objects) -> set[str]:
        """The Jobs that are complete, of trainings whose models are served."""
        models = [
            item.model.source
            for endpoint in self.workspace.endpoints.values()
            for item in endpoint.stages.values()
        ]
        served = {model.name for model in models if isinstance(model, resolved.Training)}
        return {
            job["metadata"]["name"]
            for name in served
            for job in training.complete_jobs(objects, name)
        }

    def _stages(self) -> list[Target]:
        return [
            Target("stage", f"{endpoint.name}/{name}")
            for endpoint in self.workspace.endpoints.values()
            for name in endpoint.stages
        ]

    def _wait(self, targets: list[Target]) -> Objects:
        """Wait until each is well or failed; returns the objects as they were last."""
        # What was read before the last apply may not show it.
        with follow(self.cluster, self.workspace.name) as feed:
            waiting = Waiting(feed, _say, told=self._told)
            found = waiting.until(goals(targets), self.end)
        for target, status in found.items():
            if status.word == KINDS[target.kind].goal:
                self.well.add(target)
            else:
                self._fail(target, status)
        return waiting.objects or Objects()

    def _fail(self, target: Target, status: Status) -> None:
        final = status.word in KINDS[target.kind].final
        self.failed[target] = (status.cause or str(status)) if final else f"not in time: {status}"
        if target.kind == "training" and status.word is training.Word.FAIL_TRAIN:
            tail = self._log_tail(self.workspace.trainings[target.name].object_name)
            if tail:
                _say(f"{target}: the end of its log:")
                _say("\n".join(f"  {line}" for line in tail.splitlines()))

    def _leave_out(self, target: Target, status: Status) -> None:
        """A stage that waits for a training which does not run, or failed."""
        _say(f"{target}: {status}")
        if status.word in KINDS["stage"].final:
            self.failed[target] = status.cause

    def _reach(self, targets: set[Target]) -> None:
        through, named = gateway(self.workspace.platform), hosts(self.workspace)
        for target in sorted(targets):
            why = through.until_ok(named[target], _HEALTH[target.kind], PATIENCE_SECONDS)
            if why:
                self.well.discard(target)
                self.failed[target] = why
            else:
                self.well.add(target)

    def _log_tail(self, job: str) -> str:
        """The last lines of a Job's log; empty if there are none."""
        done = subprocess.run(
            [
                live.kubectl(),
                *context(self.workspace.platform).arguments,
                f"--namespace={self.workspace.name}",
                "logs",
                f"job/{job}",
                "--container=main",
                f"--tail={_LOG_TAIL}",
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        return done.stdout.rstrip()


def _tell_directly(stack: Stack) -> None:
    file = stack.environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if file:
        _say(f"for pulumi itself: export PULUMI_CONFIG_PASSPHRASE_FILE={file}")


def _say(line: str) -> None:
    click.echo(line, err=True)
