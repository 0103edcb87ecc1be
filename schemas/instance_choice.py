"""Instance types for flavors: the smallest nodes on which each of them fits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.compute import CpuFlavor, GpuFlavor
from schemas.instance_types import InstanceType, catalogue

_FAMILIES = ("c6i", "m6i", "r6i", "c5", "m5", "r5")
"""CPU nodes are chosen from these, which most regions have; the first that fits comes first."""
_IMAGES = "x86_64"


@dataclass(frozen=True, slots=True)
class Need:
    """What a node must have for any one of some flavors."""

    cpu: int
    """Thousandths of a CPU, for pods."""
    memory: int
    """Bytes, for pods."""
    gpu_models: tuple[str, ...]
    """In the catalogue's spelling, empty for none. A node has one; more fit no node."""
    gpu_count: int


def need(flavors: Iterable[CpuFlavor | GpuFlavor]) -> Need:
    """The most of each that one of them reserves."""
    found = list(flavors)
    gpus = [flavor.gpu if isinstance(flavor, GpuFlavor) else None for flavor in found]
    return Need(
        cpu=max(reserved_cpu(flavor) for flavor in found),
        memory=max(reserved_memory(flavor) for flavor in found),
        gpu_models=tuple(sorted({gpu_model(gpu.model) if gpu else "" for gpu in gpus})),
        gpu_count=max(gpu.count if gpu else 0 for gpu in gpus),
    )


def choose(wanted: Need) -> Sequence[InstanceType]:
    """The types of the smallest size that has it, all alike; none if no type has."""
    fitting = [kind for kind in catalogue().values() if _fits(kind, wanted)]
    if not fitting:
        return []
    smallest = min(fitting, key=_size)
    alike = [kind for kind in fitting if kind.alike == smallest.alike]
    return sorted(alike, key=_preference)


def reserved_cpu(flavor: CpuFlavor | GpuFlavor) -> int:
    """Thousandths of a CPU that a pod of a flavor takes of its node."""
    return flavor.cpu if flavor.requests.cpu is None else flavor.requests.cpu


def reserved_memory(flavor: CpuFlavor | GpuFlavor) -> int:
    """Bytes that a pod of a flavor takes of its node."""
    return flavor.memory if flavor.requests.memory is None else flavor.requests.memory


def gpu_models() -> dict[str, str]:
    """Models of the GPUs that there are, by how people write them: in lower case."""
    return {
        kind.gpu_model.lower(): kind.gpu_model for kind in catalogue().values() if kind.gpu_count
    }


def gpu_model(written: str) -> str:
    """A model as the catalogue spells it; as it is written if it has none."""
    return gpu_models().get(written.lower(), written)


def _fits(kind: InstanceType, wanted: Need) -> bool:
    return (
        kind.architecture == _IMAGES
        and (kind.gpu_count > 0 or _family(kind) in _FAMILIES)
        and wanted.gpu_models == (kind.gpu_model,)
        and wanted.gpu_count <= kind.gpu_count
        and wanted.cpu <= kind.free_cpu
        and wanted.memory <= kind.free_memory
    )


def _family(kind: InstanceType) -> str:
    return kind.name.partition(".")[0]


def _size(kind: InstanceType) -> tuple[int, int, int, int]:
    # The same number of GPUs is in nodes of other sizes too, which cost more.
    return kind.gpu_count, kind.vcpu, kind.memory, _preference(kind)[0]


def _preference(kind: InstanceType) -> tuple[int, str]:
    family = _family(kind)
    return (_FAMILIES.index(family) if family in _FAMILIES else 0, kind.name)
