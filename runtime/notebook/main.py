"""What a notebook's container does before JupyterLab takes its place.

Order: the token is looked for, the home folder gets what a fresh boot volume lacks, the scripts of
`cont-init.d` run, environments become kernels, and tini with JupyterLab replaces this process:
signals reach it, and processes that lost their terminal are collected.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from notebook.kernels import register
from notebook.scripts import run_all

TOKEN = "JUPYTER_TOKEN"  # noqa: S105 - its name
"""The variable that holds the token: read by `jupyter_server_config.py`, and in no argument."""


@dataclass(frozen=True)
class Places:
    """The folders that a notebook has."""

    data: Path = Path("/root/easymaker")
    """The data volume: what is kept over stop and start."""
    skeleton: Path = Path("/etc/skel")
    """What a new home folder gets."""

    @property
    def environments(self) -> Path:
        """Environments that are registered as kernels at every start."""
        return self.data / "custom-conda-envs"

    @property
    def scripts(self) -> Path:
        """Start scripts."""
        return self.data / "cont-init.d"


def say(line: str) -> None:
    """One line of the container's log."""
    print(f"easymaker-notebook: {line}", flush=True)


def main(places: Places | None = None) -> None:
    """Prepare the notebook and become JupyterLab. Exits with 1 where there is no token."""
    places = places or Places()
    if not os.environ.get(TOKEN):
        say(f"{TOKEN} is empty: without a token anyone could open the notebook, so it won't start")
        sys.exit(1)
    home = Path.home()
    try:
        for folder in (home, places.environments, places.scripts):
            folder.mkdir(parents=True, exist_ok=True)
        furnish(home, places.skeleton)
        run_all(places.scripts, places.data / "cont-init.output", say)
        register(places.environments, home / ".local/share/jupyter/kernels", say)
    except OSError as error:
        say(f"{error.filename}: {error.strerror}: is the volume mounted, writable and not full?")
        sys.exit(1)
    say("starting JupyterLab on port 8888")
    os.execvp("tini", ["tini", "--", "jupyter", "lab"])  # noqa: S606 - there is no shell in it


def furnish(home: Path, skeleton: Path) -> None:
    """Give a home folder what it lacks of the skeleton: a volume mounted there comes empty."""
    for source in sorted(skeleton.iterdir()) if skeleton.is_dir() else ():
        target = home / source.name
        if source.is_file() and not target.exists():
            shutil.copyfile(source, target)
