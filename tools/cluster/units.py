"""The processes of a node: started once, found again, replaced when their definition changed."""

import contextlib
import hashlib
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from tools.cluster.cgroups import CgroupRoot
from tools.cluster.definition import write_private
from tools.errors import ToolError

# Becomes the program once a word comes; ends if whoever should say it is gone.
_GATE = ("/bin/sh", "-c", 'read -r word && exec "$@" </dev/null', "gate")


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One process of the node.

    `files` are the configuration files it reads: a change of one replaces the process, as does one
    of the command line. `inside` units live in the node's namespaces.
    """

    name: str
    argv: tuple[str, ...]
    files: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    inside: bool = True

    def fingerprint(self) -> str:
        """A hash of all that makes this process what it is, the binary's build included."""
        binary = Path(self.argv[0]).resolve()
        parts = [repr(self.argv), repr(sorted(self.environment.items())), str(binary)]
        parts += [file.read_text(encoding="utf-8") for file in self.files]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Units:
    """The processes of the cluster in `folder`."""

    def __init__(self, folder: Path, cgroup: CgroupRoot, enter: list[str]) -> None:
        self._folder = folder
        self._cgroup = cgroup
        self._enter = enter
        self._given_up = threading.Event()
        (folder / "units").mkdir(exist_ok=True)
        (folder / "log").mkdir(exist_ok=True)

    def log(self, name: str) -> Path:
        """The file that a unit's output goes to."""
        return self._folder / "log" / f"{name}.log"

    def pid(self, name: str) -> int | None:
        """The process of a unit, None when it doesn't run."""
        record = self._record(name)
        # A number may be another process' by now: the start time tells.
        if record and _start_time(record["pid"]) == record["start_time"]:
            return int(record["pid"])
        return None

    def ensure(self, unit: Unit) -> bool:
        """Have the unit run as it is defined. Returns whether it was started now."""
        fingerprint = unit.fingerprint()
        pid = self.pid(unit.name)
        if pid is not None:
            record = self._record(unit.name)
            if record and record["fingerprint"] == fingerprint:
                return False
            self.stop(unit.name)
        argv = [*self._enter, *unit.argv] if unit.inside else list(unit.argv)

        with self.log(unit.name).open("ab") as log:
            process = subprocess.Popen(
                [*_GATE, *argv],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **unit.environment},
                cwd=self._folder,
                start_new_session=True,
            )
        process.returncode = 0  # it outlives this program: no warning that it still runs
        with cast(IO[bytes], process.stdin) as gate:
            # First the group, so that whatever the program starts is in it too.
            self._cgroup.join(unit.name, process.pid)
            record = {
                "pid": process.pid,
                "start_time": _start_time(process.pid),
                "fingerprint": fingerprint,
            }
            write_private(self._folder / "units" / f"{unit.name}.json", json.dumps(record))
            gate.write(b"go\n")
        return True

    def stop(self, name: str, grace_seconds: float = 10) -> None:
        """End the unit's process, with SIGKILL after the grace period."""
        pid = self.pid(name)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                os.kill(pid, signal.SIGTERM)
                if not select.select([handle], [], [], grace_seconds)[0]:
                    os.kill(pid, signal.SIGKILL)
                    select.select([handle], [], [], grace_seconds)
            finally:
                os.close(handle)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # where this program is its parent

    def give_up(self) -> None:
        """End every wait with a ToolError: those of other threads too."""
        self._given_up.set()

    def wait(
        self, name: str, ready: Callable[[], bool], what: str, timeout_seconds: float = 180
    ) -> None:
        """Wait for the unit. Raises ToolError if it ends or stalls, with its last lines."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if self.pid(name) is None:
                raise ToolError(f"{name} ended:\n{self.last_lines(name)}", self._where(name))
            if time.monotonic() > deadline:
                raise ToolError(
                    f"{what} took longer than {timeout_seconds:g} s:\n{self.last_lines(name)}",
                    self._where(name),
                )
            if self._given_up.wait(0.05):
                raise ToolError(f"{what} was given up")

    def last_lines(self, name: str, count: int = 5) -> str:
        """The end of a unit's log."""
        with contextlib.suppress(FileNotFoundError):
            text = self.log(name).read_text(encoding="utf-8", errors="replace")
            return "\n".join(text.splitlines()[-count:])
        return ""

    def _where(self, name: str) -> str:
        return f"all of it is in {self.log(name)}"

    def _record(self, name: str) -> dict[str, Any] | None:
        try:
            record = json.loads((self._folder / "units" / f"{name}.json").read_text())
        except (FileNotFoundError, ValueError):
            return None  # never started, or its start was interrupted
        return record if isinstance(record, dict) else None


def _start_time(pid: object) -> str | None:
    """When a process started, in the kernel's ticks and boot; None when there is no such one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else f"{boot}/{fields[19]}"
