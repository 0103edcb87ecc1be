"""Fixtures of the tests that need AWS: two emulators, empty at the start of each test."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.recovery import find
from tests.support import aws, host
from tests.support.aws.provider import DEATH, plugin
from tests.support.pulumi_cli import STACK, Project, environment

REGION = "ap-northeast-2"
ROOT = Path(__file__).parents[2]
# The project is the test's own.
EMCTL = """\
import sys
from pathlib import Path
import cli.stack
cli.stack.PROJECT = Path(sys.argv.pop(1))
from cli.main import main
main()
"""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aws.Emulators]:
    """Both emulators, for the whole run."""
    with aws.serve(aws.install(), tmp_path_factory.mktemp("aws")) as emulators:
        yield emulators


@pytest.fixture
def emulators(served: aws.Emulators) -> aws.Emulators:
    """Both emulators, empty."""
    served.reset()
    return served


@dataclass
class Account:
    """A Pulumi project whose `aws` is the test provider, and the account that it works on."""

    project: Project
    emulators: aws.Emulators

    def inventory(self) -> dict[str, list[str]]:
        """All that there is in the account."""
        found = self.emulators.run(
            "import json; from tests.support.aws.inventory import inventory;"
            f"print(json.dumps(inventory({REGION!r})))"
        )
        assert isinstance(found, dict)
        return found

    def emctl(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of `emctl` on the project's stacks."""
        return subprocess.run(
            [sys.executable, "-c", EMCTL, str(self.project.folder), *arguments],
            cwd=ROOT,
            env=self.project.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def aws(self, region: str, service: str, operation: str, given: Mapping[str, Any]) -> Any:
        """Calls AWS as `emctl` does."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", self.project.environment["PATH"])
            return find.call(region, service, operation, given)

    def killed(self, when: str) -> None:
        """Apply, and be killed `before TYPE` or `after TYPE` is made."""
        self.project.environment[DEATH] = when
        done = self.project.pulumi("up", "--yes", "--skip-preview", check=False)
        del self.project.environment[DEATH]
        assert done.returncode == -9, done.stdout

    def recover(self, stack: str = STACK) -> str:
        """Take in what a killed run has made; what `emctl` says of it."""
        done = self.emctl("recover", "spec.yaml", "--stack", stack)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """One call of the SDK, where the table sends it."""
        return self.emulators.run(
            "import json, sys; from tests.support.aws.clients import call;"
            f"found = call({REGION!r}, {service!r}, {operation!r}, **{parameters!r});"
            "print(json.dumps(found, default=str))"
        )


@pytest.fixture(scope="session")
def bare_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PULUMI_HOME without a provider."""
    return tmp_path_factory.mktemp("pulumi-home")


@pytest.fixture
def account(emulators: aws.Emulators, tmp_path: Path, bare_home: Path) -> Iterator[Account]:
    """An empty account, and an empty project for it."""
    folder = plugin.write_plugin(tmp_path / "plugin", emulators)
    project = Project(tmp_path / "project", environment(bare_home, tmp_path / "state"))
    project.create()
    project.configure(sys.prefix, f"plugins:\n  providers: [{{name: aws, path: {folder}}}]\n")
    project.pulumi("config", "set", "aws:region", REGION)
    path = emulators.write_command(tmp_path / "bin")
    project.environment["PATH"] = f"{path}{os.pathsep}{project.environment['PATH']}"
    yield Account(project, emulators)
    project.stop()
    # Not every plugin ends with an engine that was killed.
    for pid in host.processes_of(tmp_path):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
