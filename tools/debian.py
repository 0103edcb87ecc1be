"""Debian packages that a step needs."""

import os
import shutil
from collections.abc import Callable, Sequence

from tools.errors import ToolError
from tools.process import run


def require_packages(packages: Sequence[str], purpose: str, say: Callable[[str], None]) -> None:
    """Install what is missing of `packages`, naming it first.

    Raises ToolError with their names where they can't be installed from here:
    not a Debian system, or not root.
    """
    if shutil.which("dpkg-query") is None:
        raise ToolError(
            f"{purpose} needs {', '.join(packages)}",
            "these are Debian's names: install the same from your distribution",
        )
    missing = [name for name in packages if not _installed(name)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise ToolError(
            f"{purpose} needs Debian's {', '.join(missing)}",
            f"as root: apt-get install {' '.join(missing)}",
        )
    say(f"installing Debian's {', '.join(missing)} for {purpose}")
    apt = ["apt-get", "-qq", "-y", "--no-install-recommends", "install", *missing]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(apt, env=quiet)
    except ToolError:
        # A new machine has no package lists, or old ones.
        run(["apt-get", "-qq", "update"], env=quiet)
        run(apt, env=quiet)


def _installed(name: str) -> bool:
    try:
        return run(["dpkg-query", "-W", "-f", "${db:Status-Status}", name]) == "installed"
    except ToolError:
        return False
