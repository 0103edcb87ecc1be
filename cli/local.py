"""`emctl local`: the local cluster."""

import json
from pathlib import Path

import click

from tools import cluster
from tools import images as image_tools

_name = click.option(
    "--name", default=cluster.DEFAULT_NAME, show_default=True, help="Which cluster."
)
_state_dir = click.option(
    "--state-dir",
    "state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where clusters are kept, instead of the user's state folder.",
)
_json = click.option("--json", "as_json", is_flag=True, help="For machines.")


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.group()
def local() -> None:
    """A local cluster: a real Kubernetes on this machine."""


@local.command()
@_name
@_state_dir
@click.option(
    "--kubeconfig",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Use the cluster that this file names, and change nothing in it.",
)
@click.option("--context", help="The context in the kubeconfig, instead of its current one.")
@click.option(
    "--gateway-port",
    type=click.IntRange(1, 65535),
    help="The gateway's port on 127.0.0.1. [default: 8088 or the next that no cluster has]",
)
@click.option(
    "--simulate-gpus",
    "simulated_gpus",
    type=click.IntRange(0, 64),
    help="Let the node say that it has this many GPUs. Nothing computes on them.",
)
def up(
    name: str,
    state: Path | None,
    kubeconfig: Path | None,
    context: str | None,
    gateway_port: int | None,
    simulated_gpus: int | None,
) -> None:
    """Bring the cluster up, or repair it. Again and again: what is right stays as it is."""
    wish = cluster.Wish(
        name=name,
        state=state.resolve() if state else None,
        kubeconfig=kubeconfig,
        context=context,
        gateway_port=gateway_port,
        simulated_gpus=simulated_gpus,
    )
    _print(cluster.up(wish, _say))


@local.command()
@_name
@_state_dir
@click.option("--keep-data", is_flag=True, help="Keep what the cluster holds: objects and volumes.")
def down(name: str, state: Path | None, keep_data: bool) -> None:
    """End the cluster and remove all of it."""
    cluster.down(name, state.resolve() if state else None, keep_data, _say)


@local.command()
@_name
@_state_dir
@_json
def status(name: str, state: Path | None, as_json: bool) -> None:
    """Say how the cluster is. Exit code 1 unless it runs and works."""
    found = cluster.status(name, state.resolve() if state else None)
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2))
    else:
        _print(found)
    if found.health.state != "running":
        raise click.exceptions.Exit(1)


@local.command()
@_name
@_state_dir
@click.argument("names", nargs=-1, metavar="[IMAGE]...")
def images(name: str, state: Path | None, names: tuple[str, ...]) -> None:
    """Build the platform's images, or those named, and load them; what is there stays."""
    known = image_tools.refs()
    if unknown := [n for n in names if n not in known]:
        raise click.BadParameter(f"{', '.join(unknown)} (there are {', '.join(known)})")
    store = cluster.find(name, state.resolve() if state else None).images()
    for image, reference in image_tools.ensure_loaded(store, names or tuple(known), _say).items():
        click.echo(f"{image:<20}{reference}")


def _print(status: cluster.Status) -> None:
    definition, health = status.definition, status.health
    rows = [("cluster", f"{definition.name} ({definition.backend}): {health.state}")]
    rows += [("", reason) for reason in health.reasons]
    rows += [("context", definition.context), ("kubeconfig", str(status.kubeconfig))]
    if status.storage:
        rows.append(
            ("gateway", f"http://127.0.0.1:{definition.gateway_port} for *.{cluster.DOMAIN}")
        )
        rows.append(("object storage", status.storage.endpoint))
    if definition.simulated_gpus:
        rows.append(("GPUs", f"{definition.simulated_gpus}, simulated: nothing computes on them"))
    for label, value in rows:
        click.echo(f"{label:<16}{value}")
