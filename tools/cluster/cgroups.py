"""The cgroups of a cluster's node: every process of it is in a group below one root.

So ending a cluster is ending what is in that root, whoever its parent is by now.
"""

import contextlib
import os
import select
import signal
import time
from pathlib import Path

from tools.errors import ToolError

MOUNT = Path("/sys/fs/cgroup")
# What the kubelet counts and limits by. Other version 1 hierarchies are joined where they exist.
NEEDED = ("cpu", "cpuset", "memory", "pids")


class CgroupRoot:
    """The root group of one cluster, on a host with cgroup version 1 or 2.

    `name` is the group below the mount, `mount` where the host has its cgroups.
    """

    def __init__(self, name: str, mount: Path = MOUNT) -> None:
        self.name = name
        self._mount = mount
        self.version = 2 if (mount / "cgroup.controllers").exists() else 1

    def create(self) -> None:
        """Make the group in every hierarchy. Raises ToolError where the host can't."""
        if self.version == 2:
            self._create_v2()
        else:
            self._create_v1()

    def join(self, unit: str, pid: int) -> None:
        """Move a process into the group of a unit."""
        for hierarchy in self._hierarchies():
            group = hierarchy / self.name / "node" / unit
            group.mkdir(parents=True, exist_ok=True)
            if hierarchy.name == "cpuset" and self.version == 1:
                for folder in (group.parent, group):
                    _fill_cpuset(folder)
            (group / "cgroup.procs").write_text(str(pid))

    def processes(self) -> set[int]:
        """Every process in the group and below, containers' too."""
        found: set[int] = set()
        for hierarchy in self._mounts():
            for procs in (hierarchy / self.name).rglob("cgroup.procs"):
                with contextlib.suppress(OSError):
                    found.update(map(int, procs.read_text().split()))
        return found - {os.getpid()}

    def kill(self, timeout_seconds: float = 20) -> None:
        """End every process in the group. Raises ToolError if some outlive SIGKILL."""
        deadline = time.monotonic() + timeout_seconds
        # What is killed may have forked meanwhile, so look again until nothing is left.
        while alive := self.processes():
            watched = []
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):
                    watched.append(os.pidfd_open(pid))
                    os.kill(pid, signal.SIGKILL)
            left = deadline - time.monotonic()
            for fd in watched:
                select.select([fd], [], [], max(0.0, min(left, 2.0)))
                os.close(fd)
            if left <= 0:
                raise ToolError(f"processes {sorted(alive)} of the cluster don't end")

    def remove(self) -> None:
        """Remove the group and all below; it must be empty of processes."""
        for hierarchy in self._mounts():
            root = hierarchy / self.name
            if not root.exists():
                continue
            for folder in sorted(root.rglob("*"), key=lambda p: len(p.parts), reverse=True):
                if folder.is_dir():
                    _rmdir(folder)
            _rmdir(root)

    def _mounts(self) -> list[Path]:
        """Every hierarchy; beside version 1 a version 2 one may stand, which runc uses too."""
        if self.version == 2:
            return [self._mount]
        folders = sorted(p for p in self._mount.iterdir() if (p / "cgroup.procs").exists())
        # cpu and cpuacct may be links to one mount.
        return sorted({p.resolve(): p for p in folders}.values())

    def _hierarchies(self) -> list[Path]:
        """The hierarchies whose controllers are used."""
        if self.version == 2:
            return [self._mount]
        return [p for p in self._mounts() if not (p / "cgroup.controllers").exists()]

    def _create_v1(self) -> None:
        missing = [name for name in NEEDED if not (self._mount / name / "tasks").exists()]
        if missing:
            raise ToolError(f"the cgroup controllers {', '.join(missing)} are not mounted")
        for hierarchy in self._hierarchies():
            root = hierarchy / self.name
            root.mkdir(exist_ok=True)
            if hierarchy.name == "cpuset":
                _fill_cpuset(root)

    def _create_v2(self) -> None:
        offered = (self._mount / "cgroup.controllers").read_text().split()
        missing = [name for name in NEEDED if name not in offered]
        if missing:
            raise ToolError(f"the cgroup controllers {', '.join(missing)} are not available here")
        root = self._mount / self.name
        root.mkdir(exist_ok=True)
        (root / "node").mkdir(exist_ok=True)
        try:
            for folder in (self._mount, root):
                control = folder / "cgroup.subtree_control"
                enabled = control.read_text().split()
                wanted = [name for name in offered if name not in enabled]
                if wanted:
                    control.write_text(" ".join(f"+{name}" for name in wanted))
        except OSError as error:
            raise ToolError(
                f"cgroup controllers can't be handed to {root}: {error.strerror}",
                "in a container the processes of its root group must move to a child group first",
            ) from None


def _fill_cpuset(folder: Path) -> None:
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not (folder / name).read_text().strip():
            (folder / name).write_text((folder.parent / name).read_text())


def _rmdir(folder: Path) -> None:
    # A group stays busy for a moment after its last process is gone.
    for _ in range(200):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise ToolError(f"the cgroup {folder} is still in use")
