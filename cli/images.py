"""`emctl images`: what clusters other than the local one pull, and the lock files of both."""

from pathlib import Path

import click

from tools.images import lock as locks
from tools.images import pushing


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.group()
def images() -> None:
    """Build and push the platform's images, and lock their references."""


@images.command()
@click.argument("registry")
@click.option(
    "--lock",
    "lock_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the lock file here instead of to standard output.",
)
@click.option("--plain-http", is_flag=True, help="The registry has no TLS, or no valid one.")
def push(registry: str, lock_file: Path | None, plain_http: bool) -> None:
    """Build the images and push them to REGISTRY (HOST[:PORT][/PATH]).

    The lock file has the digest of each; a platform's spec file includes it. Credentials are
    those that `docker login` or `buildah login` left.
    """
    pushed = pushing.push(registry, _say, plain_http=plain_http)
    text = locks.text(pushed, f"emctl images push {registry}")
    if lock_file is None:
        click.echo(text, nl=False)
    else:
        locks.write(lock_file, text)
        click.echo(f"{lock_file} has the digests of {len(pushed)} images")


@images.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if the file would change.")
def lock(check: bool) -> None:
    """Write stacks/platform/images-local.yaml: the local cluster's images by their inputs."""
    if check:
        locks.check(locks.LOCAL, locks.local())
    elif locks.write(locks.LOCAL, locks.local()):
        click.echo(f"wrote {locks.LOCAL}")
