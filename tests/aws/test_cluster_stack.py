"""The cluster's stack of `stacks/`, through the real engine on an emulated account."""

from pathlib import Path

import pytest

from components.manifests.aws.addons import ADDONS
from tests.aws.conftest import Account
from tests.aws.stacks import Spec, Stack

ELSEWHERE: dict[str, Spec] = {
    "cluster": {"cluster": "prod"},
    "region": {
        "region": "us-east-1",
        "zones": ["us-east-1a", "us-east-1c"],
        "pools": {"cpu": {"instance_types": ["m7i.xlarge"], "min": 2, "max": 6}},
    },
}
"""By the key that is refused."""


def _administrator(principals: list[str]) -> Spec:
    (principal,) = principals
    return {"principal": principal, "policy": "cluster-admin"}


def disk_of(account: Account, group: Spec) -> int:
    """GB of a new node's disk."""
    of = group["launchTemplate"]
    asked = {"LaunchTemplateId": of["id"], "Versions": [of["version"]]}
    found = account.call("ec2", "describe_launch_template_versions", **asked)
    (version,) = found["LaunchTemplateVersions"]
    (disk,) = version["LaunchTemplateData"]["BlockDeviceMappings"]
    return int(disk["Ebs"]["VolumeSize"])


def _grow(spec: Spec) -> None:
    spec["pools"]["cpu"]["max"] = 9
    spec["pools"]["gpu"]["labels"] = {"team": "iris"}
    spec["pools"]["large"] = {"instance_types": ["g5.12xlarge"], "max": 2, "disk": 400}


def _renew(spec: Spec) -> None:
    """Another name of who may use it, and all that only new nodes have."""
    spec["access"] = {"platform": spec["access"]["admins"]}
    spec["pools"]["gpu"].update(capacity="spot", instance_types=["g5.4xlarge"], disk=500)


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
    # Whoever applied it is in the spec from now on, and EKS takes no second entry for it.
    applier = account.inventory()["eks dev accessEntries"]
    stack.change(lambda spec: spec.update(access={"admins": _administrator(applier)}))
    planned = stack.preview()
    assert not [key for key in planned if "Access" in key]
    assert planned["update Cluster"] == {"dev"}
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

    stack.change(_renew)
    planned = stack.preview()
    assert not [key for key in planned if "Access" in key]
    assert planned["replace NodeGroup"] == planned["replace LaunchTemplate"] == {"gpu"}
    assert all(name.startswith("gpu") for names in planned.values() for name in names)
    said = stack.up()
    assert said.index("gpu created replacement") < said.index("gpu deleted original")
    switched = stack.groups()
    assert switched["gpu"]["capacityType"] == "SPOT"
    assert switched["gpu"]["instanceTypes"] == ["g5.4xlarge"]
    assert disk_of(account, switched["gpu"]) == 500
    assert switched["gpu"]["nodegroupName"] != after["gpu"]["nodegroupName"]
    assert switched["cpu"]["nodegroupName"] == after["cpu"]["nodegroupName"]
    assert account.inventory()["eks dev accessEntries"] == applier

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
