"""How many CPUs the container may use. Frameworks count the node's."""

import os
from collections.abc import MutableMapping
from pathlib import Path

_LIMIT = Path("/sys/fs/cgroup/cpu.max")
# Of OpenMP (PyTorch, scikit-learn) and of TensorFlow.
_VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def available(limit: Path = _LIMIT) -> int:
    """CPUs of the container's limit, rounded up; the node's without one."""
    every = len(os.sched_getaffinity(0))
    try:
        quota, period = limit.read_text().split()
        return max(1, min(every, -(-int(quota) // int(period))))
    except (OSError, ValueError):  # no cgroup v2, or `max`
        return every


def tell_frameworks(environment: MutableMapping[str, str]) -> None:
    """Set what frameworks read when they start; what is set already stays."""
    for name in _VARIABLES:
        environment.setdefault(name, str(available()))
