"""Fixtures of the end-to-end tests: they run for real, and are never skipped."""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import ROOT, Checkout, Done, make_checkout
from tests.support.cluster import LocalCluster, namespace, running_cluster
from tests.support.web import Web

_END_SECONDS = 300
"""A build that was interrupted lets go of its containers first."""

# --- the local cluster ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """The cluster of this test run, with the images that test pods use.

    With IMAGES_AHEAD all images are built from the beginning on, beside the first tests, which need
    only a few: it mostly waits for the network. Who needs one that is not there yet waits for it.
    """
    ahead = "IMAGES_AHEAD" in os.environ
    with running_cluster("test", ["python", "tensorboard"] if ahead else ["python"]) as made:
        building = made.start("images") if ahead else None
        yield made
        if building is not None:
            building.send_signal(signal.SIGINT)
            building.wait(_END_SECONDS)


@pytest.fixture
def space(cluster: LocalCluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:50]
    cluster.apply(namespace(name))
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def web(cluster: LocalCluster) -> Web:
    """What answers behind the cluster's gateway."""
    return Web(cluster)


# --- the main job -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def checkout(
    cluster: LocalCluster, pulumi_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Checkout:
    """The project as a person has it, its stacks on the cluster of this test run."""
    return make_checkout(tmp_path_factory.mktemp("checkout"), cluster, pulumi_home)


@pytest.fixture(scope="session")
def applied(checkout: Checkout) -> Iterator[Done]:
    """What `make up` said: its own commands, on the test's cluster. Removed at the end."""
    done = None
    for command in _commands_of("up"):
        where = [f"--state-dir={checkout.cluster.state}"]
        if command[0] == "local":
            where.append(f"--name={checkout.cluster.name}")
        done = checkout.emctl(*command, *where)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done is not None
    yield done
    checkout.down()


def _commands_of(target: str) -> list[list[str]]:
    """What `make TARGET` calls emctl with."""
    made = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    prefix = ".venv/bin/emctl "
    lines = [line for line in made.stdout.splitlines() if line.startswith(prefix)]
    return [shlex.split(line.removeprefix(prefix)) for line in lines]
