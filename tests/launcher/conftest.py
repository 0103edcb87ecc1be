"""Runs of the launcher as a pod would run it: a process of its own, on a real object store."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import objects

LAUNCHER = Path(__file__).parents[2] / "runtime" / "launcher"
HOST = "objects.test"


def place(path: str, remote: str = "S0") -> dict[str, str]:
    """As the document holds it: `path` starts with the bucket."""
    return {"address": f"obs://{HOST}/{path}", "remote": remote, "path": path}


TIMEOUT_SECONDS = 60


@dataclass
class Result:
    code: int
    log: str
    sentence: str
    """The termination message."""


@dataclass
class Bench:
    """A container's folder, a bucket `b`, and a job document to change before the run."""

    server: objects.ObjectServer
    home: Path
    job: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable
    settings: dict[str, float] = field(
        default_factory=lambda: {"max_time_seconds": 3600, "checkpoint_seconds": 60}
    )

    def __post_init__(self) -> None:
        (self.home / "job").mkdir(parents=True)
        (self.home / "bin").mkdir()
        (self.home / "settings").mkdir()
        (self.home / "launcher").symlink_to(LAUNCHER)
        (self.home / "bin" / "rclone").symlink_to(objects.rclone())
        self.job = {
            "version": 3,
            "training": "iris",
            "revision": "0a1b2c3d",
            "training_id": "iris-0a1b2c3d",
            "region": "local",
            "app_key": "app",
            "framework": "other",
            "hosts": [],
            "processes": None,
            "code": place("b/code"),
            "entry_point": "train.py",
            "hyperparameters": {},
            "hyperparameters_json": "{}",
            "datasets": {},
            "checkpoint_input": None,
            "output": place("b/results/iris-0a1b2c3d"),
            "checkpoint": None,
            "tensorboard": place("b/system/iris/tensorboard/e/iris-0a1b2c3d"),
            "logs": place("b/system/iris/logs/iris/0a1b2c3d"),
            "data_storage": None,
            "log_management": False,
            "grace_seconds": 5,
            "tensorboard_seconds": 15,
            "log_seconds": 30,
            "peer_seconds": 900,
            "retry_seconds": {"S0": 0},
            "stores": {
                "S0": {
                    "type": "s3",
                    "provider": "Other",
                    "endpoint": self.server.endpoint,
                    "force_path_style": "true",
                    "no_check_bucket": "true",
                }
            },
        }
        self.env = {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "RCLONE_CONFIG_S0_ACCESS_KEY_ID": objects.ACCESS_KEY,
            "RCLONE_CONFIG_S0_SECRET_ACCESS_KEY": objects.SECRET_KEY,
        }
        self.bucket.mkdir(parents=True, exist_ok=True)

    @property
    def bucket(self) -> Path:
        return self.server.folder / "b"

    @property
    def output(self) -> Path:
        return self.bucket / "results" / "iris-0a1b2c3d"

    @property
    def events(self) -> Path:
        return self.bucket / "system" / "iris" / "tensorboard" / "e" / "iris-0a1b2c3d"

    def fresh(self) -> None:
        """As in another pod: nothing of the run before is there."""
        shutil.rmtree(self.home / "run")

    @property
    def record(self) -> dict[str, Any]:
        return self.read_record(self.output)

    def read_record(self, output: Path) -> dict[str, Any]:
        data = json.loads((output / "completion.json").read_text())
        assert isinstance(data, dict)
        return data

    def script(self, text: str, name: str = "train.py") -> None:
        self.server.put(f"b/code/{name}", textwrap.dedent(text))

    def rclone(self, *arguments: str, content: str = "") -> bytes:
        """Look at or change what is in the store, through its server; what rclone printed."""
        settings = self.job["stores"]["S0"].items()
        named = {f"RCLONE_CONFIG_S0_{key.upper()}": value for key, value in settings}
        return subprocess.run(
            [objects.rclone(), *arguments],
            env={**self.env, **named, "RCLONE_CONFIG": ""},
            input=content.encode(),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout

    def write_settings(self) -> None:
        """As the kubelet does, at once: also while it runs."""
        file = self.home / "settings" / "new"
        file.write_text(json.dumps(self.settings), encoding="utf-8")
        file.replace(self.home / "settings" / "settings.json")

    def start(self) -> "subprocess.Popen[bytes]":
        (self.home / "job" / "job.json").write_text(json.dumps(self.job), encoding="utf-8")
        self.write_settings()
        # Not __main__'s default path: /dev/termination-log is the pod's.
        code = "import sys; sys.path.insert(0, sys.argv[1])\n"
        code += "from launcher.main import main\n"
        code += "sys.exit(main(sys.argv[1], sys.argv[1] + '/termination-log'))"
        return subprocess.Popen(
            [self.python, "-I", "-c", code, str(self.home)],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def finish(self, process: "subprocess.Popen[bytes]", seen: bytes = b"") -> Result:
        try:
            out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        note = self.home / "termination-log"
        return Result(
            process.returncode,
            (seen + out).decode(),
            note.read_text() if note.exists() else "",
        )

    def run(self) -> Result:
        return self.finish(self.start())

    def stop_when(self, text: bytes) -> Result:
        """Start, send SIGTERM as soon as `text` stands in the log, and see it through."""
        process = self.start()
        seen = self.read_until(process, text)
        process.send_signal(signal.SIGTERM)
        return self.finish(process, seen)

    def kill(self, process: "subprocess.Popen[bytes]", seen: bytes = b"") -> Result:
        """Kill the launcher with all that it started, which would stay: a container ends whole."""
        started = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
        for pid in started:
            os.kill(int(pid), signal.SIGKILL)
        return self.finish(process, seen)

    def read_until(self, process: "subprocess.Popen[bytes]", text: bytes) -> bytes:
        """The log up to the line with `text`."""
        assert process.stdout is not None
        seen = b""
        while text not in seen:
            line = process.stdout.readline()
            assert line, seen.decode()
            seen += line
        return seen


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    # A server each: one whose folders vanish under it answers ever slower.
    with objects.serve(tmp_path / "objects") as server:
        yield Bench(server, tmp_path / "easymaker")
