"""Debian packages that a step needs."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.errors import ToolError
from tools.process import run

LOCK = Path("/run/lock/easymaker-packages")


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
    if not (missing := _missing(packages)):
        return
    if os.geteuid() != 0:
        raise ToolError(
            f"{purpose} needs Debian's {', '.join(missing)}",
            f"as root: apt-get install {' '.join(missing)}",
        )
    with _alone():
        # Whoever installed at this moment may have installed the same.
        if missing := _missing(packages):
            say(f"installing Debian's {', '.join(missing)} for {purpose}")
            _install(missing)


def _install(packages: Sequence[str]) -> None:
    apt = ["apt-get", "-qq", "-y", "--no-install-recommends", "install", *packages]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(apt, env=quiet)
    except ToolError:
        # A new machine has no package lists, or old ones.
        run(["apt-get", "-qq", "update"], env=quiet)
        run(apt, env=quiet)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold back other installations of ours: of two at once, apt refuses the second."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _missing(packages: Sequence[str]) -> list[str]:
    return sorted(set(packages) - _installed(packages))


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
