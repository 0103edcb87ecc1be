"""What a cluster could leave on the host, as a listing to compare."""

import subprocess
from pathlib import Path

from tools.cluster.host import SYSCTLS


def listing() -> dict[str, set[str]]:
    """Mounts, interfaces, rules, sets, namespaces, cgroups, settings and fixed paths."""
    mounts = Path("/proc/self/mountinfo").read_text()
    return {
        "mounts": {line.split()[4] for line in mounts.splitlines()},
        "interfaces": {p.name for p in Path("/sys/class/net").iterdir()},
        "rules": _lines("nft", "list", "ruleset"),
        "ipsets": _lines("ipset", "list", "-name"),
        "network namespaces": _lines("ip", "netns", "list"),
        "routes": _lines("ip", "route", "show", "table", "all"),
        "cgroups": {str(p) for p in Path("/sys/fs/cgroup").rglob("*easymaker*") if p.is_dir()},
        "sysctls": {
            f"{name} = {(Path('/proc/sys') / name.replace('.', '/')).read_text().strip()}"
            for name in SYSCTLS
        },
        "hosts": set(Path("/etc/hosts").read_text().splitlines()),
        "fixed paths": {p for p in ("/var/lib/cni", "/run/containerd") if Path(p).exists()},
    }


def processes_of(folder: Path) -> set[int]:
    """The processes whose command line names a folder."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it ended meanwhile
            if str(folder).encode() in words:
                found.add(int(entry.name))
    return found


def _lines(*command: str) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.strip() for line in done.stdout.splitlines() if line.strip()}
