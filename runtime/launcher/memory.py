"""The container's memory, as its cgroup counts it.

Where the kernel ends one process of a container for want of memory, and not all of them, it is the
launcher that must say so: Kubernetes only knows what became of the first process.
"""

import os

_MOUNT = "/sys/fs/cgroup"
_FILES = (
    ("memory.events", "memory.max"),  # version 2
    ("memory/memory.oom_control", "memory/memory.limit_in_bytes"),
)


class Memory:
    """Counts from when it is made."""

    def __init__(self, mount: str = _MOUNT) -> None:
        self._mount = mount
        self._before = self._kills()

    def shortage(self) -> str:
        """How much memory there is, if a process was ended for want of it since; else empty."""
        return self._limit() if self._kills() > self._before else ""

    def _kills(self) -> int:
        for events, _ in _FILES:
            for line in self._read(events).splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
        return 0

    def _limit(self) -> str:
        for _, limit in _FILES:
            text = self._read(limit).strip()
            if text.isdigit():
                return _quantity(int(text))
        return "no limit"

    def _read(self, name: str) -> str:
        try:
            with open(os.path.join(self._mount, name), encoding="ascii") as file:
                return file.read()
        except OSError:
            return ""


def _quantity(size: int) -> str:
    """Bytes as Kubernetes writes them."""
    for unit, shift in (("Gi", 30), ("Mi", 20), ("Ki", 10)):
        if size and size % (1 << shift) == 0:
            return "{}{}".format(size >> shift, unit)
    return str(size)
