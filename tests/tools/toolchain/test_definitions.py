import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tools.toolchain import elsewhere
from tools.toolchain.definitions import TOOLS
from tools.toolchain.kinds import MODULES, Tool

ROOT = Path(__file__).parents[3]


def test_every_module_folder_is_a_tool_and_the_other_way_round() -> None:
    assert {tool.folder for tool in TOOLS} == {path for path in MODULES.iterdir() if path.is_dir()}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_definition_is_whole(tool: Tool) -> None:
    first, *_ = tool.go_mod.splitlines()
    assert first == f"module easymaker.io/tools/{tool.folder.name}"
    assert (tool.folder / "go.sum").stat().st_size > 0
    assert re.fullmatch(r"\d+\.\d+\.\d+", tool.version)
    assert tool.disk_megabytes > 0


def test_names_are_given_once() -> None:
    names = [name for tool in TOOLS for name in tool.provides]
    assert len(names) == len(set(names))


def test_the_provider_is_of_the_release_of_the_python_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pin = f"pulumi-kubernetes=={elsewhere.PROVIDER_VERSION}"
    assert pin in project["dependencies"]
    for lock in ("requirements.txt", "requirements-dev.txt"):
        assert f"\n{pin} " in (ROOT / lock).read_text()
    assert importlib.metadata.version("pulumi-kubernetes") == elsewhere.PROVIDER_VERSION


def test_the_project_file_asks_for_the_pulumi_that_is_taken_from_path() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert project["requiredPulumiVersion"] == f">={elsewhere.OLDEST_PULUMI}"
