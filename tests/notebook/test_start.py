"""The order of a notebook's start, with a stand-in for JupyterLab."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNTIME = Path(__file__).resolve().parents[2] / "runtime"
PROGRAM = RUNTIME / "notebook" / "easymaker-notebook"
# The program as it is, with other folders and a tini that says what it was given.
START = """
import sys
from pathlib import Path
from notebook.main import Places, main
main(Places(Path(sys.argv[1]) / "data", Path(sys.argv[1]) / "skel"))
"""


def start(folder: Path, token: str) -> subprocess.CompletedProcess[str]:
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    tini = programs / "tini"
    tini.write_text('#!/bin/sh\necho "$$ $PPID $*"; echo "token ${#JUPYTER_TOKEN}"\n')
    tini.chmod(0o755)
    environment = {
        "HOME": str(folder / "home"),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(RUNTIME),
        "JUPYTER_TOKEN": token,
    }
    return subprocess.run(
        [sys.executable, "-c", START, folder],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_folders_are_made_scripts_run_and_jupyter_takes_over(tmp_path: Path) -> None:
    scripts = tmp_path / "data" / "cont-init.d"
    scripts.mkdir(parents=True)
    (scripts / "one").write_text("#!/bin/sh\ntrue\n")
    (scripts / "one").chmod(0o755)
    (tmp_path / "skel").mkdir()
    (tmp_path / "skel" / ".bashrc").write_text("new\n")
    (tmp_path / "skel" / ".profile").write_text("new\n")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".profile").write_text("own\n")
    done = start(tmp_path, "opensesame")
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[:2] == [
        f"easymaker-notebook: running {scripts}/one",
        "easymaker-notebook: starting JupyterLab on port 8888",
    ]
    # The same process, this test's child: it gets the signals.
    pid, parent, *argv = said[2].split()
    assert (parent, argv) == (str(os.getpid()), ["--", "jupyter", "lab"])
    assert said[3:] == ["token 10"]
    assert (tmp_path / "data" / "custom-conda-envs").is_dir()
    assert (tmp_path / "home" / ".bashrc").read_text() == "new\n"
    assert (tmp_path / "home" / ".profile").read_text() == "own\n"
    assert int(pid) != os.getpid()


def test_without_a_token_it_does_not_start(tmp_path: Path) -> None:
    done = start(tmp_path, "")
    assert done.returncode == 1
    assert done.stdout == (
        "easymaker-notebook: JUPYTER_TOKEN is empty: without a token anyone could open the "
        "notebook, so it won't start\n"
    )
    assert not (tmp_path / "data").exists()


def test_a_volume_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    done = start(tmp_path, "opensesame")
    assert done.returncode == 1
    assert done.stdout == (
        f"easymaker-notebook: {tmp_path}/data/custom-conda-envs: Not a directory: is the volume "
        "mounted, writable and not full?\n"
    )
    assert done.stderr == ""


def test_the_program_runs_where_it_is_installed_and_finds_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
    (tmp_path / "easymaker-notebook").symlink_to(PROGRAM)
    argv = [sys.executable, "-I", str(tmp_path / "easymaker-notebook")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "without a token" in done.stdout
