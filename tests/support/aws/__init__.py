"""AWS without an account: two emulators on loopback, moto and ministack, and the SDK beside them.

Neither covers what the project uses, together they do: `provider/calls.yaml` says which serves
what. They come from PyPI into an environment of their own, as they pin what the project pins too.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tools.dirs import cache_dir

_HERE = Path(__file__).parent
_SECONDS = 120

ACCOUNT = "123456789012"
"""The account of both emulators: moto's own number."""
HOST = "127.0.0.1"
_COMMAND = """\
#!{python}
import os, sys
sys.path.insert(0, {root!r})
os.environ.update({environment})
from tests.support.aws import command
sys.exit(command.main(sys.argv[1:]))
"""
_READY = {"moto": "/moto-api/data.json", "ministack": "/_ministack/ready"}
_RESETS = {"moto": "/moto-api/reset", "ministack": "/_ministack/reset"}


class ApiServer(NamedTuple):
    """Where a real cluster answers, and its certificate authority, as EKS tells them."""

    endpoint: str
    authority: str


@dataclass(frozen=True)
class Emulators:
    """Two emulators that run: their addresses, and the Python that has the SDK.

    `api_server` is what EKS says of each cluster; without it that is the emulator's own invention.
    """

    python: Path
    moto: str
    ministack: str
    whole: Path
    """A file that is locked while several calls stand for one of AWS's."""
    processes: tuple[int, ...] = ()
    api_server: ApiServer | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to find them; no variable of the SDK's own names them, so that a
        call that the table does not send anywhere reaches nothing."""
        return {
            "EMULATOR_MOTO": self.moto,
            "EMULATOR_MINISTACK": self.ministack,
            "EMULATOR_WHOLE": str(self.whole),
            **({"EMULATED_API_SERVER": json.dumps(self.api_server)} if self.api_server else {}),
            **_credentials(),
        }

    def reset(self) -> None:
        """Empty both accounts."""
        for name, path in _RESETS.items():
            # Data makes it a POST.
            urllib.request.urlopen(getattr(self, name) + path, b"", timeout=60).close()  # noqa: S310

    def run(self, program: str, *arguments: str) -> Any:
        """What a Python program with the SDK prints as JSON. It finds the emulators by
        `environment`."""
        done = subprocess.run(
            [self.python, "-c", program, *arguments],
            env={**os.environ, **self.environment, "PYTHONPATH": str(_HERE.parents[2])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    def write_command(self, folder: Path) -> Path:
        """Write what stands in for the AWS command line; the folder, for PATH."""
        folder.mkdir(parents=True)
        program = folder / "aws"
        program.write_text(
            _COMMAND.format(
                python=self.python, root=str(_HERE.parents[2]), environment=self.environment
            )
        )
        program.chmod(0o755)
        return folder


def install() -> Path:
    """The environment's folder, made once for all checkouts of a user and for each lock."""
    lock = _HERE / "requirements.txt"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    key = hashlib.sha256(f"{version}\0".encode() + lock.read_bytes()).hexdigest()[:12]
    folder = cache_dir() / "tests" / f"aws-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A virtual environment cannot be renamed, so a file says that it is whole.
    whole = folder / "whole"
    with (folder.parent / f".{folder.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            pip = [f"{folder}/bin/pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--require-hashes", "--requirement", str(lock)], check=True)
            whole.touch()
    return folder


@contextlib.contextmanager
def serve(environment: Path, folder: Path) -> Iterator[Emulators]:
    """Serve two empty accounts until the block ends."""
    python = environment / "bin" / "python"
    moto, ministack = _free_ports(2)
    settings = {
        **_credentials(),
        "TMPDIR": str(folder),
        # Policies of AWS's own can be attached only where they are there.
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        # Listens everywhere unless told, and for devices and files whatever it is told.
        "BIND_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_HOST": HOST,
        "GATEWAY_PORT": str(ministack),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        # It would start a real cluster in a container for each of EKS.
        "DOCKER_HOST": f"unix://{folder}/no-docker",
        "LOG_LEVEL": "WARNING",
    }
    commands = {
        "moto": ["-m", "moto.server", "-H", HOST, "-p", str(moto)],
        "ministack": ["-m", "ministack"],
    }
    with contextlib.ExitStack() as stack:
        processes = {}
        for name, command in commands.items():
            with (folder / f"{name}.log").open("wb") as log:
                processes[name] = subprocess.Popen(
                    [python, *command],
                    cwd=folder,
                    env={**_inherited(), **settings},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            stack.callback(_end, processes[name])
        made = Emulators(
            python,
            f"http://{HOST}:{moto}",
            f"http://{HOST}:{ministack}",
            folder / "whole.lock",
            tuple(process.pid for process in processes.values()),
        )
        made.whole.touch()
        for name, process in processes.items():
            _await(process, getattr(made, name) + _READY[name], folder / f"{name}.log")
        yield made


def _credentials() -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def _inherited() -> dict[str, str]:
    """The environment without what a person has set for AWS: it would reach a real account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _await(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError):  # an error status is one, too
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310
            return
        assert time.monotonic() < deadline, f"it does not answer: {log.read_text()}"
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in held:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in held]
