"""What `emctl up` says when something is missing, and what it takes from a local cluster."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli import local_stack, stack
from schemas import load
from tests.support.cluster import until
from tools import cluster
from tools.errors import ToolError

ROOT = Path(__file__).parents[2]


def emctl(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("emctl")
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    return subprocess.run(
        [program, *arguments],
        cwd=ROOT,
        env={**ours, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_missing_cluster_is_one_sentence(tmp_path: Path) -> None:
    done = emctl("up", "stacks/local.yaml", f"--state-dir={tmp_path}")
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "emctl: the local cluster 'local' is not there (`emctl local up` starts it)\n",
    )


def test_missing_passphrase_is_one_sentence(tmp_path: Path) -> None:
    for name in ("local.yaml", "platform/local.yaml", "platform/images-local.yaml"):
        text = (ROOT / "stacks" / name).read_text().replace("easymaker-local", "production")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    done = emctl("up", str(tmp_path / "local.yaml"), f"--state-dir={tmp_path}")
    assert (done.returncode, done.stderr) == (
        1,
        "emctl: no passphrase for the stack's secrets is given "
        "(set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it)\n",
    )


def test_wrong_spec_is_said_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("api_version: easymaker/v1\nkind: Workspace\nworkspce: a\n")
    done = emctl("up", str(tmp_path / "bad.yaml"))
    assert done.returncode == 1
    assert f"{tmp_path}/bad.yaml:3:1: workspce: unknown key" in done.stderr
    assert "Traceback" not in done.stderr


def test_local_stack_gets_a_passphrase_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "STATE", tmp_path / "state")
    monkeypatch.setattr(stack, "PASSPHRASE", tmp_path / "state" / "passphrase")
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    first = stack.environment("dev", local=True)
    file = Path(first["PULUMI_CONFIG_PASSPHRASE_FILE"])
    words = file.read_text()
    assert len(words.strip()) > 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stack.environment("dev", local=True) == first
    assert file.read_text() == words
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in stack.environment("dev", local=True)


@pytest.mark.parametrize(
    ("backend", "file", "asks"),
    [
        ("", None, True),
        ("s3://my-state", "config: {}\n", True),
        ("s3://my-state", "secretsprovider: passphrase\nencryptionsalt: v1:x\n", True),
        ("s3://my-state", "secretsprovider: default\n", True),
        ("s3://my-state", "a: [\n", True),
        ("s3://my-state", "secretsprovider: awskms://alias/state\nencryptedkey: x\n", False),
        ("https://api.pulumi.com", None, False),
        ("https://api.pulumi.com", "config: {}\n", False),
        ("https://api.pulumi.com", "encryptionsalt: v1:x\n", True),
    ],
)
def test_passphrase_is_asked_for_where_one_encrypts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, file: str | None, asks: bool
) -> None:
    monkeypatch.setattr(stack, "PROJECT", tmp_path)
    monkeypatch.setattr(stack, "STATE", tmp_path / "state")
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend)
    if file is not None:
        (tmp_path / "stacks").mkdir()
        (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(file)
    for name in ("prod", "organization/easymaker/prod"):
        if asks:
            with pytest.raises(ToolError, match="no passphrase for the stack's secrets is given"):
                stack.environment(name, local=False)
        else:
            environment = stack.environment(name, local=False)
            assert environment == {"PULUMI_SKIP_UPDATE_CHECK": "true"}


def test_interrupt_lets_pulumi_end_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pulumi"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, signal, sys, time\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "def end(*_):\n"
        "    time.sleep(0.5)\n"
        "    (folder / 'unlocked').touch()\n"
        "    sys.exit(255)\n"
        "signal.signal(signal.SIGINT, end)\n"
        "(folder / 'began').touch()\n"
        "signal.pause()\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(stack, "pulumi", lambda: str(program))

    def interrupt() -> None:
        until((tmp_path / "began").exists, "the start")
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        stack.Stack("dev", {}).destroy()
    assert (tmp_path / "unlocked").exists()


def local(port: int) -> local_stack.LocalCluster:
    endpoint = f"http://objects.easymaker.localhost:{port}"
    return local_stack.LocalCluster(
        cluster.Definition(name="local", backend="node"),
        cluster.ObjectStorage(endpoint, "key", "secret"),
    )


def test_keys_of_the_cluster_become_configuration() -> None:
    spec = load(ROOT / "stacks" / "local.yaml")
    assert local_stack.secret_config(spec, local(8088)) == {
        "easymaker:s3AccessKey": "key",
        "easymaker:s3SecretKey": "secret",
    }


def test_another_port_of_the_gateway_is_named() -> None:
    spec = load(ROOT / "stacks" / "local.yaml")
    with pytest.raises(ToolError, match=r"answers at http://\S+:9000"):
        local_stack.secret_config(spec, local(9000))
