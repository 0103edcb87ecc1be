"""The cluster's stack of `stacks/`, through the real engine on an emulated account."""

import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.manifests.aws.addons import ADDONS
from tests.aws.conftest import Account

ROOT = Path(__file__).parents[2]
PROGRAM = f"""\
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
runpy.run_path({str(ROOT / "__main__.py")!r})
"""
Spec = dict[str, Any]


class Stack:
    """The stack of a spec that a test changes."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self.project = account.project
        self._path = folder / "cluster.yaml"
        self.spec: Spec = yaml.safe_load((ROOT / "stacks" / "aws-cluster.yaml").read_text())
        # What holds data is removed only where the spec has said so before.
        for kind in ("buckets", "file_systems"):
            for item in self.spec[kind].values():
                item["force_destroy"] = True
        self.change(lambda spec: None)
        self.project.pulumi("config", "set", "easymaker:spec", str(self._path))
        self.project.write(PROGRAM)

    def change(self, edit: Callable[[Spec], object]) -> None:
        """Change the spec."""
        edit(self.spec)
        self._path.write_text(yaml.safe_dump(self.spec))

    def up(self) -> str:
        """Apply it; what Pulumi said."""
        return self.project.pulumi("up", "--yes", "--skip-preview").stdout

    def refused(self, changed: Spec) -> str:
        """Why a preview of a changed spec fails; the spec is as before then."""
        whole = self._path.read_text()
        self._path.write_text(yaml.safe_dump({**self.spec, **changed}))
        done = self.project.pulumi("preview", check=False)
        self._path.write_text(whole)
        assert done.returncode != 0
        return done.stdout

    def preview(self) -> dict[str, set[str]]:
        """What a preview would do: names of resources, by operation and type."""
        done = self.project.pulumi("preview", "--json")
        steps = json.loads(done.stdout[done.stdout.index("{") :])["steps"]
        found: dict[str, set[str]] = {}
        for step in steps:
            kind, name = step["urn"].split("::")[2:]
            if step["op"] != "same" and kind.rpartition("$")[2].startswith("aws:"):
                key = f"{step['op']} {kind.rpartition(':')[2]}"
                found.setdefault(key, set()).add(name)
        return found

    def addons(self) -> dict[str, str]:
        """The versions of the add-ons that there are."""
        found = {}
        for addon in ADDONS:
            of = {"clusterName": "dev", "addonName": addon.name}
            found[addon.name] = self.account.call("eks", "describe_addon", **of)["addon"]
        return {name: addon["addonVersion"] for name, addon in found.items()}

    def groups(self) -> dict[str, Any]:
        """The node groups that there are, by pool."""
        found = {}
        for name in self.account.inventory()["eks dev nodegroups"]:
            of = {"clusterName": "dev", "nodegroupName": name}
            group = self.account.call("eks", "describe_nodegroup", **of)["nodegroup"]
            found[group["labels"]["easymaker.io/pool"]] = group
        return found


ELSEWHERE: dict[str, Spec] = {
    "cluster": {"cluster": "prod"},
    "region": {"region": "us-east-1", "zones": ["us-east-1a", "us-east-1c"]},
}
"""By the key that is refused."""


def _grow(spec: Spec) -> None:
    spec["pools"]["cpu"]["max"] = 9
    spec["pools"]["gpu"]["labels"] = {"team": "iris"}
    spec["pools"]["large"] = {"instance_types": ["g5.12xlarge"], "max": 2, "disk": 400}


# Eleven runs of Pulumi, each of more than 150 resources.
@pytest.mark.timeout(1800)
@pytest.mark.e2e
def test_a_cluster_goes_through_its_life(account: Account, tmp_path: Path) -> None:
    empty = account.inventory()
    stack = Stack(account, tmp_path)
    stack.up()
    assert stack.preview() == {}
    for key, moved in ELSEWHERE.items():
        assert f": {key}: the cluster is " in stack.refused(moved)

    stack.change(_grow)
    planned = stack.preview()
    assert planned["update NodeGroup"] == {"cpu", "gpu"}
    assert planned["create NodeGroup"] == planned["create LaunchTemplate"] == {"large"}
    assert not [key for key in planned if "replace" in key or "delete" in key]
    before = stack.groups()
    stack.up()
    after = stack.groups()
    assert after.keys() == {"cpu", "gpu", "large"}
    assert after["cpu"]["nodegroupName"] == before["cpu"]["nodegroupName"]
    assert after["cpu"]["scalingConfig"]["maxSize"] == 9
    assert after["gpu"]["labels"]["team"] == "iris"

    stack.change(lambda spec: spec["pools"]["gpu"].update(capacity="spot"))
    planned = stack.preview()
    assert planned["replace NodeGroup"] == {"gpu"}
    assert not [key for key in planned if key.endswith("NodeGroup") and planned[key] != {"gpu"}]
    said = stack.up()
    assert said.index("gpu created replacement") < said.index("gpu deleted original")
    switched = stack.groups()
    assert switched["gpu"]["capacityType"] == "SPOT"
    assert switched["gpu"]["nodegroupName"] != after["gpu"]["nodegroupName"]
    assert switched["cpu"]["nodegroupName"] == after["cpu"]["nodegroupName"]

    stack.change(lambda spec: spec.update(kubernetes_version="1.37"))
    planned = stack.preview()
    assert planned["update Cluster"] == {"dev"}
    assert planned["update NodeGroup"] == {"cpu", "gpu", "large"}
    # EKS's choice for the new version, of which nobody wrote anything.
    assert planned["update Addon"] == {addon.name for addon in ADDONS}
    assert not [key for key in planned if not key.startswith("update ")]
    said = stack.up()
    order = ["dev updated", "kube-proxy updated", "cpu updated", "coredns updated"]
    assert sorted(order, key=said.index) == order
    cluster = account.call("eks", "describe_cluster", name="dev")["cluster"]
    assert cluster["tags"]["emulated:version"] == "1.37"
    assert set(stack.addons().values()) == {"v1.37.0-eksbuild.1"}
    assert stack.preview() == {}

    stack.project.pulumi("destroy", "--yes", "--skip-preview")
    assert account.inventory() == empty


@pytest.mark.timeout(7200)
@pytest.mark.soak
@pytest.mark.e2e
def test_an_apply_that_is_interrupted_is_finished_by_the_next(
    account: Account, tmp_path: Path
) -> None:
    empty = account.inventory()
    stack = Stack(account, tmp_path)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for _ in range(int(os.environ.get("SOAK", "3"))):
        # Some 130 resources are made in all.
        after, seen = chance.randrange(1, 45), 0
        process = account.project.start("up", "--yes", "--skip-preview")
        assert process.stdout is not None
        for line in process.stdout:
            seen += " created (" in line
            if seen == after:
                process.send_signal(signal.SIGINT)
                break
        process.communicate(timeout=300)
    stack.up()
    assert stack.preview() == {}, f"seed {seed}"
    # What an interrupted run made and forgot would stay.
    stack.project.pulumi("destroy", "--yes", "--skip-preview")
    assert account.inventory() == empty, f"seed {seed}"
