"""EC2 instance types: their size, and what of it pods can have on a node of EKS.

Read from a dated data file when it is first asked for (`tools/instance_types.py` writes it).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

FILE = Path(__file__).parent / "data" / "instance_types.json"
MIB = 1024 * 1024
VM_OVERHEAD = 0.075
"""Share of a type's memory that its kernel does not offer: Karpenter's estimate for all types
(its setting VM_MEMORY_OVERHEAD_PERCENT)."""
EVICTION_MIB = 100
"""Memory at which kubelet evicts pods, EKS's `evictionHard`."""
# Thousandths of each CPU that EKS's nodes reserve for kubelet and runtime: `nodeadm` of
# amazon-eks-ami, getCPUMillicoresToReserve: 6 % of the first, 1 % of the second, 0.5 % of the next
# two, 0.25 % of all others.
_CPU_TIERS = ((1, 60.0), (1, 10.0), (2, 5.0))
_CPU_REST = 2.5
DAEMONS_CPU = 300
"""Thousandths of a CPU that the platform's own pods reserve on every node: kube-proxy 100,
VPC CNI 50, CSI drivers 70, Fluent Bit 50, and a reserve."""
DAEMONS_MEMORY = 512 * MIB
"""Bytes that they reserve there."""


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One type, as EC2 describes it."""

    name: str
    vcpu: int
    memory: int
    """Bytes."""
    architecture: Literal["x86_64", "arm64"]
    max_pods: int
    """Pods with an address of their own, without prefix delegation."""
    gpu_model: str
    """Empty without GPUs."""
    gpu_count: int
    gpu_memory: int
    """Bytes of each GPU."""

    @property
    def core_type(self) -> Literal["cpu", "gpu"]:
        """What runs on it."""
        return "gpu" if self.gpu_count else "cpu"

    @property
    def allocatable_cpu(self) -> int:
        """Thousandths of a CPU that a node offers to pods."""
        reserved, left = 0.0, self.vcpu
        for count, thousandths in _CPU_TIERS:
            reserved += min(left, count) * thousandths
            left -= min(left, count)
        return self.vcpu * 1000 - int(reserved + left * _CPU_REST)

    @property
    def allocatable_memory(self) -> int:
        """Bytes that a node offers to pods: never more than it really does.

        `nodeadm` (getMemoryMebibytesToReserve) reserves 255 MiB and 11 for each pod that has an
        address, whatever number of pods kubelet admits in the end.
        """
        reserved = 255 + 11 * self.max_pods + EVICTION_MIB
        return int(self.memory * (1 - VM_OVERHEAD)) // MIB * MIB - reserved * MIB

    @property
    def free_cpu(self) -> int:
        """Thousandths of a CPU for one pod that has a node for itself."""
        return max(0, self.allocatable_cpu - DAEMONS_CPU)

    @property
    def free_memory(self) -> int:
        """Bytes for one pod that has a node for itself."""
        return max(0, self.allocatable_memory - DAEMONS_MEMORY)

    @property
    def alike(self) -> tuple[object, ...]:
        """What types of one pool have in common: a pod that fits one fits all."""
        return self.architecture, self.vcpu, self.memory, self.gpu_model, self.gpu_count


@cache
def catalogue() -> Mapping[str, InstanceType]:
    """All types that are known, by name."""
    return {
        name: InstanceType(
            name=name,
            vcpu=vcpu,
            memory=memory * MIB,
            architecture=architecture,
            # One address of each interface is the node's own; two pods use the node's.
            max_pods=interfaces * (addresses - 1) + 2,
            gpu_model=gpu,
            gpu_count=count,
            gpu_memory=gpu_memory * MIB,
        )
        for name, (
            vcpu,
            memory,
            architecture,
            interfaces,
            addresses,
            gpu,
            count,
            gpu_memory,
        ) in _file()["types"].items()
    }


def as_of() -> str:
    """The day of the catalogue."""
    return str(_file()["as_of"])


@cache
def _file() -> dict[
    str, dict[str, tuple[int, int, Literal["x86_64", "arm64"], int, int, str, int, int]]
]:
    found: dict[
        str, dict[str, tuple[int, int, Literal["x86_64", "arm64"], int, int, str, int, int]]
    ] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
