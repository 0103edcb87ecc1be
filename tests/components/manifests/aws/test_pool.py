"""What a pool becomes."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.manifests.aws.pool import GroupTag, Taint, ami_type, group_tags, labels, taints
from schemas.compute import Taint as Written
from schemas.resolved_cluster import Pool
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


def test_tags_of_a_cpu_group(cpu: Pool) -> None:
    revision = labels(cpu)["easymaker.io/pool-revision"]
    assert group_tags(cpu, {"team": "vision"}) == [
        GroupTag(f"{TEMPLATE}/label/easymaker.io/core-type", "cpu", False),
        GroupTag(f"{TEMPLATE}/label/easymaker.io/pool", "cpu", False),
        GroupTag(f"{TEMPLATE}/label/easymaker.io/pool-revision", revision, False),
        GroupTag(f"{TEMPLATE}/resources/ephemeral-storage", "100Gi", False),
        GroupTag("team", "vision", True),
    ]
