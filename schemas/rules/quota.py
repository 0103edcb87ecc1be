"""What the spec asks for in all, against the platform's quotas."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.compute import GpuFlavor
from schemas.shape import is_whole
from schemas.spec import Spec
from schemas.units import cpu_text, memory_text

STAGE_TIMES = 2
"""A stage stands so often while another revision takes over: all of its instances at once."""


@dataclass
class _Total:
    cpu: int = 0
    memory: int = 0
    gpu: int = 0
    storage: int = 0


def check(spec: Spec) -> None:
    """All that runs fits the quotas at once, stages with the revision that takes over."""
    quotas = getattr(spec.platform, "quotas", None)
    if quotas is None:
        return
    total = _total(spec)
    texts: dict[str, Callable[[int], str]] = {
        "cpu": cpu_text,
        "memory": memory_text,
        "gpu": str,
        "storage": lambda amount: f"{amount} GB",
    }
    for key, text in texts.items():
        allowed, asked = getattr(quotas, key, None), getattr(total, key)
        if allowed is not None and asked > allowed:
            message = f"the spec asks for {text(asked)}, above the quota of {text(allowed)}"
            hint = "stop or shrink something; a stage counts twice, for its next revision"
            if key == "storage":
                hint = "remove a notebook; volumes cannot shrink"
            spec.report("quota", ("platform", "quotas", key), message, hint)


def _total(spec: Spec) -> _Total:
    total = _Total()
    for training in spec.sections["trainings"].values():
        if getattr(training, "state", "stopped") == "running":
            _add(spec, total, training, getattr(training, "instances", 0))
    for endpoint in spec.sections["endpoints"].values():
        for stage in getattr(endpoint, "stages", {}).values():
            _add(spec, total, stage, getattr(stage, "most_instances", 0) * STAGE_TIMES)
    for notebook in spec.sections["notebooks"].values():
        total.storage += getattr(notebook, "data_storage", 0)
        if getattr(notebook, "state", "stopped") == "running":
            _add(spec, total, notebook, 1)
    return total


def _add(spec: Spec, total: _Total, owner: Any, instances: int) -> None:
    flavor = getattr(spec.platform, "flavors", {}).get(getattr(owner, "flavor", None))
    if flavor is None or not is_whole(flavor):
        return
    cpu, memory = flavor.requests.cpu, flavor.requests.memory
    total.cpu += instances * (flavor.cpu if cpu is None else cpu)
    total.memory += instances * (flavor.memory if memory is None else memory)
    if isinstance(flavor, GpuFlavor):
        total.gpu += instances * flavor.gpu.count
