"""What a pool becomes."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.manifests.aws.pool import (
    Group,
    GroupTag,
    Size,
    Taint,
    ami_type,
    group_tags,
    labels,
    size,
    taints,
)
from schemas.compute import Taint as Written
from schemas.resolved_cluster import OWN_GROUP_TAGS, Pool
from tests.support.account import load

TEMPLATE = "k8s.io/cluster-autoscaler/node-template"


@pytest.fixture
def gpu(tmp_path: Path) -> Pool:
    return load(tmp_path).pools["gpu"]


@pytest.fixture
def cpu(tmp_path: Path) -> Pool:
    return load(tmp_path).pools["cpu"]


def test_images_by_processor_and_gpu(cpu: Pool, gpu: Pool) -> None:
    assert [ami_type(pool) for pool in (cpu, gpu)] == [
        *("AL2023_x86_64_STANDARD", "AL2023_x86_64_NVIDIA")
    ]
    arm = [ami_type(replace(pool, architecture="arm64")) for pool in (cpu, gpu)]
    assert arm == ["AL2023_ARM_64_STANDARD", "AL2023_ARM_64_NVIDIA"]


def test_labels_of_the_spec_stand_beside_ours(cpu: Pool) -> None:
    found = labels(replace(cpu, labels={"tier": "batch"}))
    assert found == {
        "easymaker.io/core-type": "cpu",
        "easymaker.io/pool": "cpu",
        "easymaker.io/pool-revision": found["easymaker.io/pool-revision"],
        "tier": "batch",
    }


def test_taints_as_eks_takes_them(gpu: Pool) -> None:
    own = {
        "b": Written(value="", effect="PreferNoSchedule"),
        "a": Written(value="x", effect="NoExecute"),
    }
    assert taints(replace(gpu, taints=own)) == [
        Taint("a", "x", "NO_EXECUTE"),
        Taint("b", "", "PREFER_NO_SCHEDULE"),
        Taint("nvidia.com/gpu", "true", "NO_SCHEDULE"),
    ]


def group(pool: Pool, low: int, high: int, desired: int) -> Group:
    return Group(f"{pool.name}-1", labels(pool), low, high, desired)


def test_first_size_is_the_smallest_and_then_the_autoscalers(cpu: Pool, gpu: Pool) -> None:
    assert (cpu.min, cpu.max) == (2, 6)
    others = [group(gpu, 0, 9, 7), Group("somebodys", {"easymaker.io/pool": "cpu"}, 0, 9, 7)]
    assert size(cpu, others) == Size(2, free=True)
    assert size(cpu, [group(cpu, 2, 6, 5)]) == Size(2, free=True)


def test_fixed_size_is_the_specs(cpu: Pool) -> None:
    assert size(replace(cpu, min=3, max=3), []) == Size(3, free=False)


@pytest.mark.parametrize(
    ("low", "high", "now", "sent"),
    [(2, 9, 5, 5), (4, 6, 5, 5), (6, 9, 5, 6), (0, 3, 5, 3), (0, 6, 0, 0), (3, 3, 5, 3)],
)
def test_new_bounds_are_sent_with_the_size_that_there_is(
    cpu: Pool, low: int, high: int, now: int, sent: int
) -> None:
    """The engine would send the size of its last run, and EKS would end nodes that are in use."""
    changed = replace(cpu, min=low, max=high)
    assert size(changed, [group(cpu, 2, 6, now)]) == Size(sent, free=False)


def test_successor_begins_with_as_many_nodes_as_its_predecessor_has(cpu: Pool) -> None:
    assert size(replace(cpu, disk=500), [group(cpu, 2, 6, 5)]) == Size(5, free=False)


def test_predecessor_that_is_still_there_counts_no_more(cpu: Pool) -> None:
    """A run that broke off between the two."""
    new = replace(cpu, disk=500)
    assert size(new, [group(cpu, 2, 6, 5), group(new, 2, 6, 4)]) == Size(2, free=True)


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_a_group_has_as_many_tags_as_the_rule_counts(tmp_path: Path, name: str) -> None:
    taint = Written(value="", effect="NoSchedule")
    pool = replace(load(tmp_path).pools[name], labels={"a": "x", "b": "x"}, taints={"c": taint})
    made = group_tags(pool, {"d": "x", "e": "x", "f": "x"})
    assert len(made) == OWN_GROUP_TAGS[pool.core_type] + 6


def test_tags_of_a_cpu_group(cpu: Pool) -> None:
    revision = labels(cpu)["easymaker.io/pool-revision"]
    assert group_tags(cpu, {"team": "vision"}) == [
        GroupTag(f"{TEMPLATE}/label/easymaker.io/core-type", "cpu", False),
        GroupTag(f"{TEMPLATE}/label/easymaker.io/pool", "cpu", False),
        GroupTag(f"{TEMPLATE}/label/easymaker.io/pool-revision", revision, False),
        GroupTag(f"{TEMPLATE}/resources/ephemeral-storage", "100Gi", False),
        GroupTag("team", "vision", True),
    ]
