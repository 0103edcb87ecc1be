"""Which cluster the commands mean, on AWS, too."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cli import context
from cli.stack import PulumiError, Stack
from live import Context
from tests.support import cluster_stack, workspaces
from tools.errors import ToolError


def test_context_of_the_users(tmp_path: Path) -> None:
    platform = workspaces.workspace(tmp_path).platform
    assert context.context(platform).arguments == ["--context=here"]


def test_kubeconfig_of_the_cluster_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    platform = cluster_stack.workspace(tmp_path).platform
    found = context.context(platform)
    assert found.name == cluster_stack.ARN
    assert found.file is not None
    assert found.arguments == [f"--kubeconfig={found.file}", f"--context={cluster_stack.ARN}"]
    assert found.file.read_text() == cluster_stack.OUTPUTS["kubeconfig"]
    assert stat.S_IMODE(found.file.stat().st_mode) == 0o600
    assert context.context(platform) == found


def test_own_context_comes_before_the_cluster_stacks(tmp_path: Path) -> None:
    platform = cluster_stack.workspace(tmp_path).platform
    target = platform.target.model_copy(update={"context": "proxy"})
    assert context.context(replace(platform, target=target)) == Context("proxy")


def test_commands_ask_the_cluster_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = cluster_stack.workspace(tmp_path)

    def outputs(stack: Stack) -> str:
        assert stack.name == cluster_stack.STACK
        return json.dumps(cluster_stack.OUTPUTS)

    monkeypatch.setattr(Stack, "outputs", outputs)
    assert context.load(tmp_path / "stack.yaml") == expected


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "{}",
            "platform.target: the cluster stack organization/easymaker/dev has no outputs yet "
            "(cluster, kubeconfig, gateway): apply it first",
        ),
        (
            PulumiError("stack output", "error: no stack named 'dev' found"),
            "the cluster stack organization/easymaker/dev can't be read: "
            "no stack named 'dev' found",
        ),
    ],
)
def test_cluster_stack_that_says_nothing_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | PulumiError, sentence: str
) -> None:
    cluster_stack.workspace(tmp_path)

    def outputs(_: Stack) -> str:
        if isinstance(said, PulumiError):
            raise said
        return said

    monkeypatch.setattr(Stack, "outputs", outputs)
    with pytest.raises(ToolError) as raised:
        context.load(tmp_path / "stack.yaml")
    assert str(raised.value) == sentence
