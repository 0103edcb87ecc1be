"""Ends a run of Pulumi as a machine does that loses power."""

import fcntl
import os
import select
import signal
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

_SECONDS = 120


def kill(process: "subprocess.Popen[str]", *, plugins: bool, whole: Path) -> None:
    """Kill the engine: with its plugins, or so that they finish what they are at. Returns when all
    of them are over. Plugins that hold a lock of `whole` are waited for."""
    below = _descendants(process.pid)
    with ExitStack() as stack:
        handles = {}
        for pid in below:
            with suppress(ProcessLookupError):
                handles[pid] = os.pidfd_open(pid)
                stack.callback(os.close, handles[pid])
        process.kill()
        with whole.open("rb") as held:
            if plugins:
                fcntl.flock(held, fcntl.LOCK_EX)
            for handle in handles.values() if plugins else ():
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
        process.communicate(timeout=_SECONDS)
        for handle in handles.values():
            over, _, _ = select.select([handle], [], [], _SECONDS)
            assert over, f"{handles} do not end"


def _descendants(pid: int) -> list[int]:
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, children.read_text().split()):
                found += [child, *_descendants(child)]
    return found
