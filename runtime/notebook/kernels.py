"""Kernels of the environments that a user keeps on the data volume.

An environment is a folder with a `bin/python`, whatever made it: conda, micromamba or venv.
"""

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

Say = Callable[[str], None]
_CHECK = "import importlib.util as u, sys; sys.exit(3 if u.find_spec('ipykernel') is None else 0)"
_CHECK_SECONDS = 30
_NAME = re.compile(r"[A-Za-z0-9._-]+")
# The kernel of the image's own Python.
_TAKEN = "python3"


def register(environments: Path, kernels: Path, say: Say) -> None:
    """Write a kernel specification for each environment that has ipykernel.

    `kernels` is the user's folder of specifications, which Jupyter reads. An environment without
    ipykernel, or whose Python does not start, gets a line in the log instead.
    """
    for environment in sorted(environments.iterdir()):
        python = environment / "bin" / "python"
        if not (python.is_file() or python.is_symlink()):
            if environment.is_dir():
                say(f"{environment} has no bin/python, so it is no environment")
            continue
        problem = lacking(python)
        if problem:
            say(f"environment {environment.name} gets no kernel: {problem}")
            continue
        folder = kernels / kernel_name(environment.name)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(specification(environment), indent=1)
        (folder / "kernel.json").write_text(text, encoding="utf-8")
        say(f"environment {environment.name} is a kernel")


def lacking(python: Path) -> str:
    """Why an environment's Python can't be a kernel, empty if it can."""
    try:
        done = subprocess.run(
            [str(python), "-c", _CHECK],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{python} took longer than {_CHECK_SECONDS} s to start"
    except OSError as error:
        return f"{python} does not start: {error.strerror}"
    if done.returncode == 0:
        return ""
    if done.returncode == 3:
        return (
            "ipykernel is not installed in it "
            f"({python} -m pip install ipykernel, then stop and start the notebook)"
        )
    last = (done.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
    return f"{python} ends with exit code {done.returncode}: {last}"


def kernel_name(environment: str) -> str:
    """The name of an environment's kernel: its own where Jupyter allows that, else told apart."""
    if _NAME.fullmatch(environment) and environment.lower() != _TAKEN:
        return environment
    told = hashlib.sha256(environment.encode(errors="surrogateescape")).hexdigest()[:8]
    return f"{re.sub('[^A-Za-z0-9._-]', '-', environment)}-{told}"


def specification(environment: Path) -> dict[str, Any]:
    """What Jupyter starts a kernel by. In it `pip` and other programs are the environment's own."""
    kind = "CONDA_PREFIX" if (environment / "conda-meta").is_dir() else "VIRTUAL_ENV"
    return {
        "argv": [
            str(environment / "bin" / "python"),
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ],
        "display_name": environment.name,
        "language": "python",
        "env": {"PATH": f"{environment / 'bin'}:${{PATH}}", kind: str(environment)},
        "metadata": {"debugger": True},
    }
