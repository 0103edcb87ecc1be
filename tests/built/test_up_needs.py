"""What `emctl up` asks of a stack that is on no local cluster, before it touches the cluster."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import workspaces

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
KEYS = ("s3AccessKey", "s3SecretKey", "tokenKey")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project with a spec, a backend and a passphrase of its own."""
    for name in ("cli", "components", "live", "schemas", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "dev.yaml").write_text(workspaces.SPEC)
    (tmp_path / "backend").mkdir()
    (tmp_path / "passphrase").write_text("words")
    return tmp_path


def run(folder: Path, argv: list[str], stdin: str = "", **more: str) -> str:
    """What a command says on standard error."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    ours = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
        "PYTHONPATH": str(folder),
        "KUBECONFIG": str(folder / "kubeconfig"),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": (folder / "backend").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / "passphrase"),
    }
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**kept, **ours, **more},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


def up(folder: Path, **more: str) -> str:
    program = "from cli.main import main; main()"
    state = f"--state-dir={folder / 'clusters'}"
    return run(folder, [sys.executable, "-c", program, "up", "stacks/dev.yaml", state], **more)


def test_each_missing_secret_is_named_with_the_command_that_sets_it(folder: Path) -> None:
    for key in KEYS:
        said = up(folder)
        assert said.startswith(f"emctl: the stack's configuration lacks easymaker:{key}, which ")
        set_it = f"pulumi config set --secret easymaker:{key} --stack dev"
        assert set_it in said
        assert said.count("\n") == 1
        run(folder, set_it.split(), stdin="a" * 64)
    # All is there but the cluster.
    assert up(folder) == 'emctl: the cluster can\'t be read: context "here" does not exist\n'
    (folder / "passphrase").write_text("others")
    assert up(folder) == (
        "emctl: the passphrase does not fit stacks/Pulumi.dev.yaml "
        "(set PULUMI_CONFIG_PASSPHRASE_FILE to the file that holds the right one)\n"
    )


def test_missing_backend_is_one_sentence_with_all_that_pulumi_says(folder: Path) -> None:
    url = (folder / "none").as_uri()
    said = up(folder, PULUMI_BACKEND_URL=url)
    assert said == (
        f'emctl: the backend {url} can\'t be used: unable to open state directory "{url}": '
        f"stat {folder / 'none'}: no such file or directory (PULUMI_BACKEND_URL names another)\n"
    )
