"""Fixtures of the tests that need AWS: two emulators, empty at the start of each test."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import aws
from tests.support.aws.provider import plugin
from tests.support.pulumi_cli import Project, environment

REGION = "ap-northeast-2"


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
    yield Account(project, emulators)
    project.stop()
