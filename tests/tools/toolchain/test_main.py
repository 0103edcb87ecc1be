import importlib.metadata
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.toolchain import __main__ as command
from tools.toolchain import golang
from tools.toolchain.definitions import TOOLS
from tools.toolchain.kinds import Copy, GoProgram


def test_the_table_says_where_each_tool_is_from(
    tool: GoProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    tools = [
        replace(tool, name="one", links=()),
        replace(tool, name="several", packages=("x/first", "x/second")),
        replace(tool, name="many", links=("a", "b", "c")),
        replace(tool, name="tests", links=(), on_demand=True),
    ]
    copies = {
        "one": Copy({}, "1.0.0", "built"),
        "several": Copy({}, "20.0.0", "PATH (/usr/bin/first)"),
        "many": Copy({}, "3.0.0", "cache"),
    }
    assert command.table(tools, copies) == (
        "tool           version  where from\n"
        "one            1.0.0    built\n"
        "first, second  20.0.0   PATH (/usr/bin/first)\n"
        "many           3.0.0    cache\n"
        "tests          1.2.3    built when first needed"
    )


def test_the_table_tells_what_another_system_goes_without(
    tool: GoProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    shown = command.table([replace(tool, links=(), linux_only=True)], {})
    assert shown.splitlines()[1] == "tiny  1.2.3    only on Linux"


def test_elsewhere_pulumi_and_the_provider_are_still_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    asked: list[str] = []

    def obtain_all(tools: list[GoProgram], _say: object) -> dict[str, Copy]:
        asked.extend(tool.name for tool in tools)
        raise ToolError("enough")

    monkeypatch.setattr(command, "obtain_all", obtain_all)
    assert command.main() == 1
    assert {"pulumi", "pulumi-resource-kubernetes"} <= set(asked)
    assert not {"kubernetes", "containerd", "coredns", "kube-router", "registry"} & set(asked)


def test_own_builds_are_linked_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    built = tmp_path / "tools" / "pulumi-1" / "pulumi"
    stale = tmp_path / "tools" / "kubernetes-0" / "kubectl"
    theirs = tmp_path / "usr" / "pulumi-language-python"
    for path in (built, stale, theirs):
        path.parent.mkdir(parents=True)
        path.touch()
    (folder / "kubectl").symlink_to(stale)
    copies = {
        "pulumi": Copy({"pulumi": built, "pulumi-language-python": theirs}, "1.0.0", "cache"),
        "provider": Copy({"pulumi-resource-kubernetes": built}, "1.0.0", "cache"),
    }
    for _ in range(2):
        command.link(folder, copies)
        assert {path.name: path.readlink() for path in folder.iterdir()} == {"pulumi": built}


def test_a_program_that_someone_put_there_stays(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pulumi").write_text("theirs")
    built = tmp_path / "tools" / "pulumi-1" / "pulumi"
    command.link(folder, {"pulumi": Copy({"pulumi": built}, "1.0.0", "cache")})
    assert (folder / "pulumi").read_text() == "theirs"


def test_another_release_of_the_python_package_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "4.34.2")
    assert command.main() == 1
    shown = capsys.readouterr()
    assert shown.err == (
        "toolchain: pulumi-kubernetes is 4.34.2, and the provider is 4.25.0: Pulumi would look for "
        "another one (make setup installs the pinned version)\n"
    )
    assert shown.out == ""


def test_without_go_it_ends_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(golang, "STANDARD_LOCATION", tmp_path / "go")
    assert command.main() == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("toolchain: Go is not installed, and the tools are built with Go ")
    assert shown.err.count("\n") == 1
    assert shown.out == ""


def test_the_terminal_sees_an_interrupt_as_such(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def obtain_all(_tools: object, _say: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "obtain_all", obtain_all)
    assert command.main() == 130
    assert capsys.readouterr().err == "toolchain: stopped\n"


def test_what_is_made_on_demand_is_not_brought() -> None:
    assert [tool.name for tool in TOOLS if tool.on_demand] == [
        "karpenter-crds",
        "metrics-server",
        "oauth2-proxy",
        "registry",
    ]
