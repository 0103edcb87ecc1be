"""Running other programs, with their failure said in one sentence."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.errors import ToolError


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout_seconds: float | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    `env` is added to this process's environment.
    Raises ToolError with the program's last lines when it is missing, fails or takes too long.
    """
    name = Path(argv[0]).name
    try:
        done = subprocess.run(
            [str(arg) for arg in argv],
            env={**os.environ, **(env or {})},
            cwd=cwd,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except FileNotFoundError:
        raise ToolError(f"{name} is not installed") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name} took longer than {timeout_seconds:g} s") from None
    if done.returncode != 0:
        last = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-8:])
        raise ToolError(f"{name} failed with exit code {done.returncode}: {last}")
    return done.stdout
