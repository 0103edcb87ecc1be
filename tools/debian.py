"""Debian packages that a step needs."""

import os
import shutil
import subprocess
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
    missing = sorted(set(packages) - _installed(packages))
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


def _installed(packages: Sequence[str]) -> set[str]:
    # Packages that it never heard of make it fail, and are left out of what it prints.
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return {words[0] for words in lines if words[-1] == "installed"}
