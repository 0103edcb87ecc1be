"""The project in a folder of its own, as a person has it after `git clone`."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import objects
from tests.support.cluster import LocalCluster

ROOT = Path(__file__).parents[2]
_FILES = ("Makefile", "Pulumi.yaml", *(path.name for path in ROOT.glob("*.py")))
_FOLDERS = ("cli", "components", "examples", "live", "runtime", "schemas", "stacks", "tools")
_PROGRAM = "from cli.main import main; main()"
_SECONDS = 600

Done = subprocess.CompletedProcess[str]


@dataclass
class Checkout:
    """Folder, environment and cluster of a test run; `make_checkout` makes one."""

    folder: Path
    environment: dict[str, str]
    cluster: LocalCluster

    def emctl(self, *arguments: str) -> Done:
        """Run `emctl`. Commands that look for local clusters find the test's."""
        return self.run([sys.executable, "-c", _PROGRAM, *arguments])

    @property
    def spec(self) -> Path:
        """The spec that `make up` applies."""
        return self.folder / "stacks" / "local.yaml"

    def up(self, spec: str = "stacks/local.yaml", *more: str) -> Done:
        """`emctl up` on the test's cluster."""
        return self.emctl("up", spec, f"--state-dir={self.cluster.state}", *more)

    def down(self, spec: str = "stacks/local.yaml", *more: str) -> Done:
        """`emctl down`."""
        return self.emctl("down", spec, *more)

    def pulumi(self, *arguments: str) -> Done:
        """Run `pulumi` with the passphrase that `emctl up` says."""
        passphrase = self.folder / ".state" / "passphrase"
        return self.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            PULUMI_CONFIG_PASSPHRASE_FILE=str(passphrase),
        )

    def urns(self) -> dict[str, str]:
        """Parent by URN of every resource in the stack's state."""
        exported = json.loads(self.pulumi("stack", "export", "--stack", "local").stdout)
        resources = exported["deployment"]["resources"]
        return {found["urn"]: found.get("parent", "") for found in resources}

    def preview(self) -> dict[str, str]:
        """What `pulumi preview` would do with each resource, by URN."""
        done = self.pulumi("preview", "--json", "--show-sames", "--stack", "local")
        assert done.returncode == 0, done.stdout + done.stderr
        return {step["urn"]: step["op"] for step in json.loads(done.stdout)["steps"]}

    def run(self, argv: list[str], **more: str) -> Done:
        """Run a program in the folder."""
        return subprocess.run(
            argv,
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def change(self, old: str, new: str, file: str = "stacks/local.yaml") -> None:
        """Edit a file; what is replaced must be there."""
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))

    def object(self, address: str) -> bytes:
        """The content of an object, by its `obs://` address."""
        return self._rclone("cat", _remote(address))

    def pulumi_on(self, stack: str) -> Callable[..., str]:
        """`pulumi` for one stack: what it prints; fails the test where it fails."""

        def call(*arguments: str) -> str:
            named = [] if arguments[:2] == ("stack", "init") else ["--stack", stack]
            done = self.pulumi(*arguments, *named)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        return call

    def other_context(self, name: str) -> None:
        """Let the test's cluster have a second name in the kubeconfig."""
        mine = self.cluster.backend.definition.context
        context = json.loads(self.cluster.kubectl("config", "view", "-o", "json"))["contexts"]
        (found,) = (entry["context"] for entry in context if entry["name"] == mine)
        self.cluster.kubectl(
            *("config", "set-context", name),
            *(f"--cluster={found['cluster']}", f"--user={found['user']}"),
        )

    def plain_stack(self, name: str, spec: str) -> Callable[..., str]:
        """A stack for `pulumi` alone, as a person without emctl makes it."""
        state = self.folder / ".state"
        state.mkdir(mode=0o700, exist_ok=True)
        passphrase = state / "passphrase"
        if not passphrase.exists():
            passphrase.touch(mode=0o600)
            passphrase.write_text("a passphrase of the tests\n")
        call = self.pulumi_on(name)
        call("stack", "init", name)
        call("config", "set", "easymaker:spec", spec)
        for key, value in (
            ("tokenKey", "0123456789abcdef0123456789abcdef"),
            ("s3AccessKey", self.cluster.storage.access_key),
            ("s3SecretKey", self.cluster.storage.secret_key),
        ):
            call("config", "set", "--secret", f"easymaker:{key}", value)
        return call

    def put(self, address: str, content: str | bytes) -> None:
        """Write an object."""
        stdin = content.encode() if isinstance(content, str) else content
        self._rclone("rcat", _remote(address), stdin=stdin)

    def put_marker(self, address: str) -> None:
        """Write the empty object that stands for a folder."""
        self._rclone("mkdir", "--s3-directory-markers", _remote(address))

    def remove(self, address: str) -> None:
        """Remove a container with all that is in it."""
        self._rclone("purge", _remote(address))

    def listing(self, address: str) -> dict[str, int]:
        """Path and size of all objects below an `obs://` address."""
        text = self._rclone("lsjson", "-R", "--files-only", "--no-modtime", _remote(address))
        return {entry["Path"]: entry["Size"] for entry in json.loads(text)}

    def record(self, address: str) -> dict[str, Any]:
        """The completion record of a run, by the address of its output."""
        found = json.loads(self.object(f"{address}/completion.json"))
        assert isinstance(found, dict)
        return found

    def jobs(self, namespace: str = "iris") -> list[str]:
        """The names of the trainings' Jobs there; the clean-up's come and go by the hour."""
        items = self.cluster.get("jobs", "-n", namespace, "-l", "easymaker.io/kind=training")[
            "items"
        ]
        return sorted(item["metadata"]["name"] for item in items)

    def _rclone(self, *arguments: str, stdin: bytes = b"") -> bytes:
        storage = self.cluster.storage
        return subprocess.run(
            [objects.rclone(), *arguments],
            env={
                **self.environment,
                "RCLONE_CONFIG": "",
                "RCLONE_CONFIG_S_TYPE": "s3",
                "RCLONE_CONFIG_S_PROVIDER": "Other",
                "RCLONE_CONFIG_S_ENDPOINT": storage.endpoint,
                "RCLONE_CONFIG_S_FORCE_PATH_STYLE": "true",
                "RCLONE_CONFIG_S_ACCESS_KEY_ID": storage.access_key,
                "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": storage.secret_key,
            },
            input=stdin,
            capture_output=True,
            check=True,
        ).stdout


def make_checkout(folder: Path, cluster: LocalCluster, home: Path) -> Checkout:
    """Copy the project. Its platform file gets the cluster's context and port, nothing else."""
    for name in _FILES:
        shutil.copy(ROOT / name, folder)
    for name in _FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__", "Pulumi.*.yaml")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (folder / ".venv").symlink_to(sys.prefix)
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    made = Checkout(
        folder,
        {
            **ours,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder),
            "PULUMI_HOME": str(home),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_ERROR_OUTPUT_STRING": "true",
            "KUBECONFIG": str(cluster.kubeconfig),
        },
        cluster,
    )
    platform = "stacks/platform/local.yaml"
    made.change("easymaker-local", cluster.backend.definition.context, platform)
    made.change(":8088", f":{cluster.gateway_port}", platform)
    return made


def _remote(address: str) -> str:
    return "s:" + address.removeprefix("obs://").partition("/")[2]
