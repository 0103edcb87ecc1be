"""`emctl up`: apply a spec, wait for its trainings, say what came of them."""

import os
from pathlib import Path

import click

import live
from cli import local_stack
from cli.bucket import Buckets, buckets
from cli.stack import PROJECT, Stack, environment
from cli.watch import Watch
from schemas import load, platform, resolved
from tools.errors import ToolError


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--stack", "name", help="Which stack. [default: the spec's file name]")
@click.option(
    "--state-dir",
    "state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where local clusters are kept, instead of the user's state folder.",
)
def up(spec: Path, name: str | None, state: Path | None) -> None:
    """Apply a spec, wait for its trainings, and say where their models are.

    Again and again: what is right stays as it is. On a local cluster it also makes the stack and
    its secrets, and uploads the examples.
    """
    workspace = load(spec)
    local = local_stack.find(workspace, state)
    stack = Stack(name or spec.stem, environment(local is not None))
    found = prepare(workspace, stack, spec, local)
    apply(workspace, stack)
    report(workspace, found, wait(workspace))
    if local:
        _tell_directly(stack)


def prepare(
    workspace: resolved.Workspace,
    stack: Stack,
    spec: Path,
    local: local_stack.LocalCluster | None,
) -> Buckets:
    """Stack, configuration, buckets and example data."""
    stack.select()
    plain = {"easymaker:spec": os.path.relpath(spec.resolve(), PROJECT)}
    stack.set_config(plain)
    if local:
        stack.set_config(local_stack.secret_config(workspace, local), secret=True)
    addresses = [workspace.platform.system_path]
    for training in workspace.trainings.values():
        addresses.append(training.output_data)
    found = buckets(workspace.platform, addresses, stack.config())
    if local:
        sent = local_stack.fill(workspace, local, found)
        _say(f"examples: {sent} files uploaded" if sent else "examples: nothing to upload")
    return found


def apply(workspace: resolved.Workspace, stack: Stack) -> None:
    """`pulumi up`."""
    there = _live(workspace)
    # Another cluster under the same context: what the state holds is gone.
    lost = bool(stack.resources) and not there.stack
    if stack.up(refresh=lost):
        _say(f"stack {stack.name}: applied")
    else:
        _say(f"stack {stack.name}: nothing to change")


def _live(workspace: resolved.Workspace) -> live.Live:
    try:
        return live.read(context(workspace), workspace.name)
    except live.LiveError as error:
        raise ToolError(str(error)) from None


def wait(workspace: resolved.Workspace) -> dict[str, str]:
    """Wait for the trainings that run; why some failed, by name."""
    running = {
        name: training.object_name
        for name, training in workspace.trainings.items()
        if training.state == "running"
    }
    watch = Watch(context(workspace), workspace.name)
    try:
        failed = watch.wait(running, _say)
    except live.LiveError as error:
        raise ToolError(str(error)) from None
    for name in failed:
        tail = watch.log_tail(running[name])
        if tail:
            _say(f"{name}: the end of its log:")
            _say("\n".join(f"  {line}" for line in tail.splitlines()))
    return failed


def report(workspace: resolved.Workspace, found: Buckets, failed: dict[str, str]) -> None:
    """Say where the models are and what the trainings reported.

    Raises ToolError where one failed or its completion record is not there.
    """
    for name, training in workspace.trainings.items():
        if training.state != "running" or name in failed:
            continue
        place = f"{name}-{training.revision}"
        line = f"{name}: model at {training.output_data}/{place}/model"
        if found.knows(training.output_data):
            record = found.read_json(training.output_data, f"{place}/completion.json")
            if record is None or record["status"] != "COMPLETE":
                message = f"{training.output_data}/{place} holds no completion record"
                failed[name] = f"{message} (was it deleted? raise `run` to train again)"
                continue
            figures = [f"{key} {value:.4g}" for key, value in record["metrics"].items()]
            line = ", ".join([line, *figures])
        click.echo(line)
    if failed:
        raise ToolError("\n".join(f"training {name}: {why}" for name, why in failed.items()))


def context(workspace: resolved.Workspace) -> str:
    """The kubeconfig's context. Raises ToolError for a target that has none."""
    target = workspace.platform.target
    if not isinstance(target, platform.KubernetesTarget):
        raise ToolError("platform.target: only type kubernetes can be applied so far")
    return target.context


def _tell_directly(stack: Stack) -> None:
    file = stack.environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if file:
        _say(f"for pulumi itself: export PULUMI_CONFIG_PASSPHRASE_FILE={file}")


def _say(line: str) -> None:
    click.echo(line, err=True)
