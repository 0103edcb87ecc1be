"""Pulumi, its Kubernetes provider, and Kubernetes itself: found on this machine, or built once.

`path` gives one tool to the code that needs it; `python -m tools.toolchain` brings them all.
"""

import sys
from pathlib import Path

from tools.toolchain import cache, golang
from tools.toolchain.definitions import TOOLS
from tools.toolchain.golang import Say


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def path(name: str, say: Say = _to_stderr) -> Path:
    """The file of a tool, found or built first."""
    tool = next(tool for tool in TOOLS if name in tool.provides)
    go = golang.find(golang.required_go(tool.go_mod))
    folder = cache.ensure(
        tool,
        go,
        waiting=lambda: say(f"waiting for another process that builds {tool.name}"),
        building=lambda: say(f"building {tool.name} {tool.version}"),
    )
    return folder / name
