"""Pulumi, its Kubernetes provider, and Kubernetes itself: found on this machine, or built once.

`path` gives one tool to the code that needs it; `python -m tools.toolchain` brings them all.
"""

import sys
from pathlib import Path

from tools.toolchain.kinds import Say
from tools.toolchain.obtain import find_go, obtain_path


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def path(name: str, say: Say = _to_stderr) -> Path:
    """The file of a tool, found or built first.

    Raises ToolError when it can't be had, with what is missing (Go, a Go module, disk space).
    """
    return obtain_path(name, find_go(), say)
