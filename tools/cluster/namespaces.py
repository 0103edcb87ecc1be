"""The network and mount namespaces that a cluster's node lives in.

What the node mounts, and its bridge, packet filter rules and ipsets, stay inside and go with it.
Both are kept by bind mounts of their handles, so that they outlive every process of the node.
"""

import contextlib
from pathlib import Path

from tools.cluster.links import Links
from tools.process import run

# Paths of the node that are fixed, or must be short, and where they lie in the cluster's folder.
# /run is a new tmpfs in the node, so folders there need no place on the host.
FIXED_PATHS = {
    "/var/log": "log",
    # The kubelet's sockets lie there, and a socket's path may have 107 bytes.
    "/run/easymaker/kubelet": "kubelet",
    "/run/easymaker/nas": "nas",
    "/run/easymaker/volumes": "volumes",
    "/var/lib/cni": "cni-cache",
}


class Namespaces:
    """The namespaces of the cluster in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handles = folder / "ns"

    @property
    def net(self) -> Path:
        """The handle of the network namespace."""
        return self._handles / "net"

    def enter(self) -> list[str]:
        """The start of a command line that runs the rest inside."""
        return ["nsenter", f"--net={self.net}", f"--mount={self._handles / 'mnt'}", "--"]

    def exist(self) -> bool:
        """Whether both are there; after a restart of the machine the handles are plain files."""
        return _is_mounted(self.net) and _is_mounted(self._handles / "mnt")

    def create(self) -> None:
        """Make both, with the node's own view of the paths in FIXED_PATHS."""
        self.remove()
        self._handles.mkdir(parents=True, exist_ok=True)
        # The handle of a mount namespace can only be mounted where mounts are not shared with it.
        run(["mount", "--bind", self._handles, self._handles])
        run(["mount", "--make-private", self._handles])
        for name in ("net", "mnt"):
            (self._handles / name).touch()
        run(
            [
                "unshare",
                f"--net={self.net}",
                f"--mount={self._handles / 'mnt'}",
                "--propagation=private",
                "--",
                "true",
            ]
        )
        inside = self.enter()
        # The new namespace has copies of all mounts: of other clusters' handles too, which would
        # keep their namespaces alive.
        mounts = run([*inside, "cat", "/proc/self/mountinfo"])
        for line in mounts.splitlines():
            before, _, after = line.partition(" - ")
            if after.startswith("nsfs "):
                run([*inside, "umount", "--lazy", before.split()[4]])
        run([*inside, "mount", "--make-rshared", "/"])  # the kubelet needs shared mounts
        run([*inside, "mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"])
        for path, name in FIXED_PATHS.items():
            source = self._folder / name
            source.mkdir(exist_ok=True, parents=True)
            run([*inside, "mkdir", "-p", path])
            run([*inside, "mount", "--bind", source, path])
        run([*inside, "mkdir", "-p", "/var/log/pods", "/var/log/containers"])
        run([*inside, "ip", "link", "set", "lo", "up"])

    def remove(self) -> None:
        """Let go of both; they end with the last process inside."""
        for path in (self.net, self._handles / "mnt", self._handles):
            while _is_mounted(path):
                run(["umount", path])
        for path in (self.net, self._handles / "mnt"):
            path.unlink(missing_ok=True)
        if not Links.any_up():
            # Another node may have its own mount on it: removing the folder would take it away.
            with contextlib.suppress(OSError):
                Path("/var/lib/cni").rmdir()


def _is_mounted(path: Path) -> bool:
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    return any(line.split()[4] == str(path) for line in mounts.splitlines())
