"""What clusters change on the host for all of them together, and how it is put back.

The first cluster up records the host's settings, the last one down restores them. The record lies
in /run: a restart of the machine resets both.
"""

import contextlib
import fcntl
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RUN = Path("/run/easymaker")
HOSTS = Path("/etc/hosts")
HOST_MARK = "# easymaker local clusters"
# ip_forward is ours; the others are what the kubelet sets for a machine of its own.
SYSCTLS = (
    "net.ipv4.ip_forward",
    "kernel.keys.root_maxbytes",
    "kernel.keys.root_maxkeys",
    "kernel.panic",
    "kernel.panic_on_oops",
    "vm.overcommit_memory",
    "vm.panic_on_oom",
)


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """Hold the lock under which one process at a time changes the host or picks an index."""
    RUN.mkdir(exist_ok=True)
    with (RUN / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def claim(owner: Path, names: list[str]) -> None:
    """Prepare the host for a cluster: forwarding on, `names` resolve to 127.0.0.1.

    Call it under the lock; calling it again changes nothing.
    """
    record = _read()
    if not record["users"]:
        record["sysctls"] = {name: _sysctl(name).read_text().strip() for name in SYSCTLS}
    record["users"][str(owner)] = names
    _write(record)
    if _sysctl("net.ipv4.ip_forward").read_text().strip() != "1":
        _sysctl("net.ipv4.ip_forward").write_text("1")
    _write_hosts(record)


def release(owner: Path) -> None:
    """Put the host back as the last of its clusters goes. Call it under the lock."""
    record = _read()
    if record["users"].pop(str(owner), None) is None:
        _write_hosts(record)  # the record went with a restart of the machine, the line did not
        return
    if record["users"]:
        _write(record)
    else:
        for name, value in record["sysctls"].items():
            if _sysctl(name).read_text().strip() != value:
                _sysctl(name).write_text(value)
        (RUN / "host.json").unlink()
    _write_hosts(record)


def users() -> list[Path]:
    """The folders of the clusters that are up on this machine."""
    return [Path(owner) for owner in _read()["users"]]


def _sysctl(name: str) -> Path:
    return Path("/proc/sys") / name.replace(".", "/")


def _read() -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((RUN / "host.json").read_text())
    except FileNotFoundError:
        record = {"users": {}, "sysctls": {}}
    return record


def _write(record: dict[str, Any]) -> None:
    part = RUN / "host.json.part"
    part.write_text(json.dumps(record, indent=2))
    part.replace(RUN / "host.json")


def _write_hosts(record: dict[str, Any]) -> None:
    names = sorted({name for group in record["users"].values() for name in group})
    old = HOSTS.read_text(encoding="utf-8")
    kept = "".join(line for line in old.splitlines(keepends=True) if HOST_MARK not in line)
    if names:
        kept += "" if kept.endswith("\n") or not kept else "\n"
        kept += f"127.0.0.1 {' '.join(names)} {HOST_MARK}\n"
    if kept != old:
        # Written in place: in a container the file is a mount and can't be replaced.
        HOSTS.write_text(kept, encoding="utf-8")
