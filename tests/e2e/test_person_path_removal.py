"""The end of a person's path: what is lost comes back, what is removed is gone."""

import pytest

from tests.support.checkout import Checkout
from tests.support.cluster import LocalCluster, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.usefixtures("applied")]


def left(cluster: LocalCluster) -> list[str]:
    """Namespaces and volumes of the workspace."""
    namespaces = [item["metadata"]["name"] for item in cluster.get("namespaces")["items"]]
    volumes = cluster.get("persistentvolumes")["items"]
    claims = [volume["spec"].get("claimRef", {}).get("namespace") for volume in volumes]
    return [name for name in [*namespaces, *claims] if name == "iris"]


def gone(cluster: LocalCluster) -> None:
    """Wait for the end of them: a provisioner empties a volume after its claim has gone."""
    until(lambda: left(cluster) == [], "the end of the workspace's namespace and volumes", 60)


def test_state_of_a_lost_namespace_does_not_block(checkout: Checkout) -> None:
    checkout.cluster.kubectl("delete", "namespace", "iris", "--wait=true")
    done = checkout.up()
    assert done.returncode == 0, done.stderr
    # The completion records are in the bucket: nothing is trained again.
    for job in checkout.jobs():
        log = checkout.cluster.kubectl("-n", "iris", "logs", f"job/{job}", "-c", "main")
        assert "already complete" in log


def test_destroy_leaves_nothing_and_the_next_preview_says_what_comes(checkout: Checkout) -> None:
    done = checkout.pulumi("destroy", "--yes", "--skip-preview", "--stack=local")
    assert done.returncode == 0, done.stdout
    gone(checkout.cluster)
    previewed = checkout.preview()
    assert set(previewed.values()) == {"create"}
    done = checkout.pulumi("up", "--yes", "--skip-preview", "--stack=local")
    assert done.returncode == 0, done.stdout
    assert checkout.urns().keys() == previewed.keys()


def test_down_leaves_nothing(checkout: Checkout) -> None:
    done = checkout.down()
    assert done.returncode == 0, done.stderr
    gone(checkout.cluster)
    assert not (checkout.folder / "stacks" / "Pulumi.local.yaml").exists()
    assert not (checkout.folder / ".state" / "passphrase").exists()
    assert checkout.down().returncode == 0
