"""What AWS says of a cluster that runs, and how a spec is judged by it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from live import cluster
from schemas import SpecError, load_any, resolved_cluster
from tests.schemas import clusters, specs

SUBNETS = {"subnet-0a1b2c3d": "eu-west-1a", "subnet-0a1b2c3e": "eu-west-1b"}
ANSWERS: dict[str, Any] = {
    "eks/getClusters": {"names": ["dev", "other"]},
    "eks/getCluster": {
        "version": "1.36",
        "vpcConfig": {"vpcId": "vpc-0a1b2c3d", "subnetIds": list(SUBNETS)},
    },
    "ec2/getVpc": {"cidrBlock": "10.0.0.0/16", "tags": {"easymaker:cluster": "dev"}},
}
RUNS = {
    "kubernetes_version": "1.36",
    "zones": ["eu-west-1a", "eu-west-1b"],
    "network": {"type": "new", "cidr": "10.0.0.0/16"},
}


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    file = tmp_path / "cluster.yaml"
    file.write_text(specs.flow(clusters.CLUSTER))
    return file


def applied(file: Path, **other: Any) -> dict[str, object] | None:
    answers = ANSWERS | {key.replace("_", "/"): answer for key, answer in other.items()}

    async def ask(function: str, inputs: Mapping[str, str]) -> Mapping[str, Any]:
        if function == "ec2/getSubnet":
            return {"availabilityZone": SUBNETS[inputs["id"]]}
        found: Mapping[str, Any] = answers[function]
        return found

    spec = load_any(file)
    assert isinstance(spec, resolved_cluster.Cluster)
    return asyncio.run(cluster.applied(spec, ask))


def test_cluster_that_is_not_there_is_nothing(file: Path) -> None:
    assert applied(file, eks_getClusters={"names": ["other"]}) is None


def test_cluster_in_a_network_of_its_own(file: Path) -> None:
    assert applied(file) == RUNS


@pytest.mark.parametrize("tags", [None, {"easymaker:cluster": "other"}])
def test_cluster_in_a_network_of_somebody(file: Path, tags: dict[str, str] | None) -> None:
    found = applied(file, ec2_getVpc={"cidrBlock": "10.0.0.0/16", "tags": tags})
    assert found == {
        "kubernetes_version": "1.36",
        "network": {
            "type": "existing",
            "vpc": "vpc-0a1b2c3d",
            "private_subnets": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
        },
    }


@pytest.mark.parametrize(
    ("written", "refused"),
    [
        (["subnet-0a1b2c3e", "subnet-0a1b2c3d"], False),
        (["subnet-0a1b2c3d", "subnet-0a1b2c3e", "subnet-0a1b2c3f"], True),
        (["subnet-0a1b2c3d", "subnet-0a1b2c3f"], True),
    ],
)
def test_subnets_of_somebodys_network_stay(
    tmp_path: Path, written: list[str], refused: bool
) -> None:
    network = {"type": "existing", "vpc": "vpc-0a1b2c3d", "private_subnets": written}
    file = tmp_path / "cluster.yaml"
    file.write_text(specs.flow({**clusters.CLUSTER, "network": network}))
    # As the provider says it: in no order.
    config = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3e", "subnet-0a1b2c3d"]}
    runs = applied(
        file,
        eks_getCluster={"version": "1.36", "vpcConfig": config},
        ec2_getVpc={"cidrBlock": "10.0.0.0/16", "tags": {}},
    )
    if not refused:
        assert load_any(file, before=lambda _: runs) == load_any(file)
        return
    with pytest.raises(SpecError) as caught:
        load_any(file, before=lambda _: runs)
    (issue,) = caught.value.issues
    assert issue.path.startswith("network.private_subnets")
    assert "a cluster stays in its network" in issue.message


@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        ({}, {}),
        ({"cluster": "dev"}, {}),  # of a stack of add-ons
        ({"cluster": {"arn": "arn:dev"}}, {}),  # its first apply was interrupted
        (
            {"cluster": {"name": "dev", "region": "eu-west-1", "arn": "arn:dev"}},
            {"cluster": "dev", "region": "eu-west-1"},
        ),
    ],
)
def test_a_stack_remembers_which_cluster_it_has(
    outputs: dict[str, Any], found: dict[str, Any]
) -> None:
    assert cluster.recorded(outputs) == found


def test_spec_that_fits_what_runs_is_loaded(file: Path) -> None:
    assert load_any(file, before=lambda _: RUNS) == load_any(file)


@pytest.mark.parametrize(
    ("runs", "path", "message"),
    [
        ({"cluster": "prod"}, "cluster", "the cluster is 'prod' and stays so"),
        ({"region": "eu-west-2"}, "region", "the cluster is 'eu-west-2' and stays so"),
        ({"kubernetes_version": "1.37"}, "kubernetes_version", "no cluster goes back"),
        ({"zones": ["eu-west-1a", "eu-west-1c"]}, "zones", "EKS keeps a cluster's zones"),
        ({"network": {"type": "new", "cidr": "10.9.0.0/16"}}, "network.cidr", "stays in its"),
        (
            {"network": {"type": "existing", "vpc": "vpc-0a1b2c3d"}},
            "network.type",
            "a cluster stays in its network",
        ),
    ],
)
def test_change_that_eks_refuses_stands_at_its_place(
    file: Path, runs: dict[str, Any], path: str, message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load_any(file, before=lambda _: RUNS | runs)
    found = [issue for issue in caught.value.issues if issue.path == path]
    assert len(found) == 1
    assert found[0].rule == "transition"
    assert message in found[0].message
