"""A pod that checks an artifact, from its making to its removal; the cluster is scripted."""

import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import live
from cli import api as apis
from cli import checks
from live import Context
from schemas import resolved
from tests.support import live_objects as o
from tests.support import workspaces
from tests.support.api_server import ApiServer

NAME = "check-blue-iris"
POD = {"metadata": {"name": NAME}, "spec": {"activeDeadlineSeconds": 3600}}
KUBECTL = """#!/bin/sh
printf '%s\\n' "$*" >> {calls}
case "$*" in *create*) cat > {made}; {create} ;; esac
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ApiServer) -> resolved.Workspace:
    @contextmanager
    def opened(context: Context) -> Iterator[apis.Api]:
        assert context == Context("here")
        yield apis.Api(server.path)

    monkeypatch.setattr(checks, "api", opened)
    kubectl(tmp_path, monkeypatch)
    return workspaces.workspace(tmp_path)


def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, create: str = ":") -> None:
    """One that notes what it is told."""
    script = tmp_path / "kubectl"
    calls, made = tmp_path / "calls", tmp_path / "made"
    script.write_text(KUBECTL.format(calls=calls, made=made, create=create))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(live, "kubectl", lambda: str(script))


def pod(phase: str, *containers: o.Object, **status: Any) -> o.Object:
    made = o.pod(NAME, ("check", "blue-iris"), *containers)
    made["status"] |= {"phase": phase, **status}
    return made


RUNNING = pod("Running", o.container("check", o.running()))
DONE = pod("Succeeded", o.container("check", o.ended(0)))


def test_a_check_that_succeeds_says_nothing_and_leaves_nothing(
    spec: resolved.Workspace, server: ApiServer, tmp_path: Path
) -> None:
    server.lists["pods"] = [RUNNING]
    threading.Timer(0.2, lambda: server.tell("pods", "MODIFIED", DONE)).start()
    assert checks.run(spec, POD) == ""
    where = f"--context=here -n {spec.name}"
    remove = f"{where} delete pod {NAME} --ignore-not-found --grace-period=1"
    assert (tmp_path / "calls").read_text().splitlines() == [
        remove,
        f"{where} create -f -",
        f"{remove} --wait=false",
    ]
    assert json.loads((tmp_path / "made").read_text()) == POD


def test_a_check_that_fails_says_what_it_said(
    spec: resolved.Workspace, server: ApiServer, tmp_path: Path
) -> None:
    words = "2026 copying\nno model: nothing lies under nas://models:/legacy\n"
    fetched = o.container("model", o.ended(1, words))
    server.lists["pods"] = [pod("Failed", initContainerStatuses=[fetched])]
    assert checks.run(spec, POD) == "nothing lies under nas://models:/legacy"
    assert (tmp_path / "calls").read_text().endswith("--wait=false\n")
    early = pod("Pending", initContainerStatuses=[fetched])
    server.lists["pods"] = [early]
    assert checks.run(spec, POD) == "nothing lies under nas://models:/legacy"
    server.lists["pods"] = [pod("Failed", message="Pod was active for too long")]
    assert checks.run(spec, POD) == "Pod was active for too long"


def test_a_check_that_cannot_begin_is_a_reason(
    spec: resolved.Workspace, server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = o.container("check", o.waiting("CreateContainerConfigError", "no such secret"))
    server.lists["pods"] = [pod("Pending", waiting)]
    assert checks.run(spec, POD) == "the container check can't be set up: no such secret"
    kubectl(tmp_path, monkeypatch, create='echo "exceeded quota" >&2; exit 1')
    assert checks.run(spec, POD) == "it could not be checked: exceeded quota"
