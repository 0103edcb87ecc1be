"""A model's requirements.txt, installed before its code is imported."""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from serving.errors import Unusable


def install(requirements: Path) -> None:
    """Into a virtual environment that sees the image's packages, and from there into this process.

    pip finds its index as ever: by its settings and variables. Raises Unusable.
    """
    folder = Path(tempfile.mkdtemp(prefix="packages-"))
    venv.create(folder, system_site_packages=True, with_pip=False)
    python = folder / "bin" / "python"
    argv = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*argv, "--no-cache-dir", "--requirement", str(requirements)],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=requirements.parent,
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["no reason"]
        raise Unusable(f"installing {requirements.name} failed: {said[0].strip()}")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    sys.path.insert(0, str(folder / "lib" / version / "site-packages"))
