"""Whether pods of a workspace fit the nodes of its cluster, by the numbers of the catalogue."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.manifests.aws.fitting import misfits
from components.manifests.pool import used_flavors
from schemas import load, load_any, resolved, resolved_cluster
from schemas.cluster_outputs import NodePool, cluster_outputs
from tests.components.test_program import graph
from tests.support import cluster_stack

ROOT = Path(__file__).parents[4]
ZONES = ("ap-northeast-2a", "ap-northeast-2c")
CPU = NodePool(("m7i.xlarge", "m6i.xlarge"), {"easymaker.io/pool": "cpu"}, {}, ZONES)
GPU = NodePool(
    ("g5.2xlarge",), {"easymaker.io/pool": "gpus"}, {"nvidia.com/gpu": ("yes", "NoSchedule")}, ZONES
)


def on(spec: resolved.Workspace, **pools: NodePool) -> resolved.Workspace:
    """A workspace on a cluster with these pools."""
    outputs = replace(spec.platform.outputs, pools=pools)
    return replace(spec, platform=replace(spec.platform, cluster=outputs))


def alone(folder: Path, name: str, **size: Any) -> resolved.Workspace:
    """The workspace of the tests with nothing but a training, of this flavor in another size."""
    spec = cluster_stack.workspace(folder)
    flavor = replace(spec.platform.flavors[name], **size)
    training = replace(spec.trainings["fit"], flavor=flavor)
    return replace(spec, trainings={"fit": training}, models={}, endpoints={}, notebooks={})


def told(pool: resolved_cluster.Pool) -> NodePool:
    taints = {key: (taint.value, str(taint.effect)) for key, taint in pool.node_taints.items()}
    return NodePool(pool.instance_types, pool.node_labels, taints, pool.zones)


def test_the_example_fits_the_clusters_example() -> None:
    cluster = load_any(ROOT / "stacks" / "aws-cluster.yaml")
    assert isinstance(cluster, resolved_cluster.Cluster)
    spec = load(ROOT / "stacks" / "aws.yaml")
    names = yaml.safe_load((ROOT / "stacks" / "platform" / "aws.yaml").read_text())
    assert used_flavors(spec).keys() == names["platform"]["flavors"].keys()
    outputs = cluster_outputs("stack", cluster_stack.OUTPUTS)
    spec = replace(spec, platform=replace(spec.platform, cluster=outputs))
    pools = {name: told(pool) for name, pool in cluster.pools.items()}
    assert misfits(on(spec, **pools)) == []
    # Its CPU pods are kept off GPU nodes.
    assert len(misfits(on(spec, gpu=pools["gpu"]))) == 1


def test_any_pool_that_has_room_will_do(tmp_path: Path) -> None:
    spec = alone(tmp_path, "small", requests_cpu=10_000)
    large = replace(CPU, instance_types=("m7i.4xlarge",))
    assert misfits(on(spec, cpu=CPU, large=large)) == []
    assert len(misfits(on(spec, cpu=CPU))) == 1
    # A pod may be on a node of either type.
    mixed = replace(CPU, instance_types=("m7i.4xlarge", "m7i.xlarge"))
    assert len(misfits(on(spec, cpu=mixed))) == 1


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        # Of 4 vCPU and 16 GiB: less what kubelet and the pods of every node take.
        ({"requests_cpu": 3620, "requests_memory": 2**30}, True),
        ({"requests_cpu": 3621, "requests_memory": 2**30}, False),
        ({"requests_cpu": 100, "requests_memory": 13_650 * 2**20}, True),
        ({"requests_cpu": 100, "requests_memory": 13_651 * 2**20}, False),
    ],
)
def test_room_is_what_daemons_leave(tmp_path: Path, size: dict[str, int], fits: bool) -> None:
    assert (misfits(on(alone(tmp_path, "small", **size), cpu=CPU)) == []) is fits


def test_sentence_has_all_numbers(tmp_path: Path) -> None:
    spec = alone(tmp_path, "small", requests_cpu=8000, requests_memory=2**36)
    assert misfits(on(spec, cpu=CPU, gpus=GPU)) == [
        "platform.flavors.small: its pods reserve 8 CPU, 64Gi and fit no node of the cluster dev: "
        "pool 'cpu' (m7i.xlarge) has 3620m CPU, 13650Mi for them; "
        "pool 'gpus' has the taint nvidia.com/gpu=yes:NoSchedule, which no pool of the platform "
        "names"
    ]


@pytest.mark.parametrize(
    ("pool", "reason"),
    [
        (GPU, ""),
        (replace(GPU, labels={"easymaker.io/pool": "l4"}), "lacks the label easymaker.io/pool=gpu"),
        # EKS has pods that ask for GPUs tolerate it, with whatever value.
        (replace(GPU, taints={"nvidia.com/gpu": ("true", "NoSchedule")}), ""),
        (replace(GPU, taints={"nvidia.com/gpu": ("true", "NoExecute")}), "has the taint nvidia."),
        (replace(GPU, taints={"x": ("", "PreferNoSchedule")}), ""),
        (replace(GPU, instance_types=("m7i.xlarge",)), "(m7i.xlarge) has no GPU"),
    ],
)
def test_gpus_are_on_nodes_of_the_flavors_pool(tmp_path: Path, pool: NodePool, reason: str) -> None:
    found = misfits(on(alone(tmp_path, "gpu"), gpus=pool))
    assert bool(found) is bool(reason)
    assert all("2 CPU, 8Gi, 1 GPU and fit" in text and reason in text for text in found)


def test_gpu_flavor_without_a_pool_takes_any_node_with_gpus(tmp_path: Path) -> None:
    spec = alone(tmp_path, "gpu", pool=None)
    assert misfits(on(spec, cpu=CPU, gpus=GPU)) == []
    assert len(misfits(on(spec, cpu=CPU))) == 1
    team = replace(GPU, taints={**GPU.taints, "team": ("x", "NoSchedule")})
    assert "has the taint team=x:NoSchedule, which" in misfits(on(spec, gpus=team))[0]
    # Pods without GPUs stay off them.
    assert len(misfits(on(alone(tmp_path, "small", pool=None), gpus=GPU))) == 1


@pytest.mark.parametrize(
    ("key", "value", "fits"),
    [
        ("node.kubernetes.io/instance-type", "m6i.xlarge", True),
        ("node.kubernetes.io/instance-type", "m6i.2xlarge", False),
        ("topology.kubernetes.io/zone", "ap-northeast-2c", True),
        ("topology.kubernetes.io/zone", "ap-northeast-2b", False),
        ("kubernetes.io/arch", "amd64", True),
        ("kubernetes.io/arch", "arm64", False),
        ("easymaker.io/pool", "cpu", True),
        ("easymaker.io/pool", "large", False),
        ("example.com/team", "vision", False),
        # Of others: whether nodes carry them nobody knows here.
        ("kubernetes.io/os", "linux", True),
        ("topology.k8s.aws/zone-id", "apne2-az1", True),
        ("eks.amazonaws.com/nodegroup", "cpu-1a2b3c4", True),
        ("eks.amazonaws.com/capacityType", "ON_DEMAND", True),
        ("karpenter.sh/nodepool", "cpu", True),
        ("karpenter.sh/capacity-type", "spot", True),
        ("karpenter.k8s.aws/instance-family", "m7i", True),
        ("k8s.amazonaws.com/accelerator", "a10g", True),
        ("topology.ebs.csi.aws.com/zone", "ap-northeast-2a", True),
        ("nvidia.com/gpu.product", "NVIDIA-A10G", True),
        ("easymaker.io/pool-revision", "0123456789", True),
        ("notkubernetes.io/os", "linux", False),
    ],
)
def test_labels_are_judged_by_what_is_known(
    tmp_path: Path, key: str, value: str, fits: bool
) -> None:
    wanted = resolved.Pool("wanted", {key: value}, {}, nodes=1, gpus_per_node=0)
    found = misfits(on(alone(tmp_path, "small", pool=wanted), cpu=CPU))
    assert (found == []) is fits
    assert all(f"lacks the label {key}={value}" in text for text in found)


def test_only_the_wanted_type_has_to_have_room(tmp_path: Path) -> None:
    label = {"node.kubernetes.io/instance-type": "m7i.4xlarge"}
    wanted = resolved.Pool("wanted", label, {}, nodes=1, gpus_per_node=0)
    spec = alone(tmp_path, "small", requests_cpu=10_000, pool=wanted)
    pool = replace(CPU, instance_types=("m7i.xlarge", "m7i.4xlarge"))
    assert misfits(on(spec, mixed=pool)) == []


def test_architecture_of_a_type_that_is_not_known_is_left_open(tmp_path: Path) -> None:
    wanted = resolved.Pool("wanted", {"kubernetes.io/arch": "arm64"}, {}, nodes=1, gpus_per_node=0)
    spec = alone(tmp_path, "small", pool=wanted)
    assert misfits(on(spec, new=replace(CPU, instance_types=("m99g.large",)))) == []


def test_what_fits_nowhere_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    spec = on(alone(tmp_path, "small", requests_cpu=8000), cpu=CPU)
    with pytest.raises(pulumi.RunError, match="fit no node of the cluster dev"):
        graph(spec, answers=cluster_stack.ANSWERS)


def test_pools_are_read_from_the_outputs() -> None:
    said = {
        "instance_types": ["m7i.xlarge"],
        "min": 2.0,
        "labels": {"a": "b"},
        "taints": {"team": {"value": "x", "effect": "NoSchedule"}},
        "zones": ["eu-west-1a"],
    }
    outputs = {**cluster_stack.OUTPUTS, "pools": {"cpu": said}, "node_pools": {"gpu": said}}
    pool = NodePool(("m7i.xlarge",), {"a": "b"}, {"team": ("x", "NoSchedule")}, ("eu-west-1a",))
    assert cluster_outputs("stack", outputs).pools == {"cpu": pool, "gpu": pool}
