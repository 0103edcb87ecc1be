"""Whose lock is on a stack, and whether the run that took it is over."""

import os
import re
import socket
from dataclasses import dataclass

from cli.stack import PulumiError, Stack
from tools.errors import ToolError

_LOCK = re.compile(r"created by (.+)@(\S+) \(pid (\d+)\) at (\S+)")


@dataclass(frozen=True)
class Lock:
    """One that a run has taken. Backends of one's own keep them beside the state."""

    user: str
    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid}, since {self.since})"

    def is_left(self) -> bool:
        """Whether its process is known to be over; of other hosts nothing is."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except OSError as error:
            # One of another user is refused.
            return isinstance(error, ProcessLookupError)
        return False


def locks(stack: Stack) -> list[Lock]:
    """Those on a stack. Pulumi Cloud tells of none, and refuses what comes in between itself."""
    try:
        # It takes the lock and changes nothing: a stack of this name there is.
        stack.pulumi("stack", "rename", stack.name, "--stack", stack.name)
    except PulumiError as error:
        return [
            Lock(user, host, int(pid), since)
            for user, host, pid, since in _LOCK.findall(error.said)
        ]
    return []


def let_go(stack: Stack, force: bool) -> list[Lock]:
    """Remove the locks of runs that are over, or with `force` all. Raises ToolError."""
    found = locks(stack)
    for lock in found:
        if not (force or lock.is_left()):
            raise ToolError(
                f"the stack is locked by a run of {lock}",
                "wait for its end; if it is over, as you know, `--force` removes its lock",
            )
    if found:
        stack.cancel()
    return found
