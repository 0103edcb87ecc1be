"""Manifests of an experiment, whole, and its sync loop as a process."""

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from components.manifests import experiment
from schemas import resolved
from tests.support.workspaces import workspace as spec_of

GOLDEN = Path(__file__).parents[2] / "golden" / "experiment.json"


@pytest.fixture
def spec(tmp_path: Path) -> resolved.Workspace:
    return spec_of(tmp_path)


def test_whole_experiment(spec: resolved.Workspace) -> None:
    item = spec.experiments["iris"]
    made = [
        experiment.deployment(spec, item, "print"),
        experiment.service(spec, item),
        experiment.route(spec, item),
        experiment.token_metadata(spec, item),
    ]
    assert made == json.loads(GOLDEN.read_text())


def test_description_touches_no_pod(spec: resolved.Workspace) -> None:
    item = spec.experiments["iris"]
    before = experiment.deployment(spec, item, "print")
    after = experiment.deployment(spec, replace(item, description="something else"), "print")
    assert before["spec"] == after["spec"]
    assert before["metadata"] != after["metadata"]


def test_restricted_platform_runs_as_a_user(spec: resolved.Workspace) -> None:
    platform = replace(spec.platform, security="restricted")
    made = experiment.deployment(
        replace(spec, platform=platform), spec.experiments["iris"], "print"
    )
    assert made["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == 1000


def test_sync_gets_its_source_as_it_is_and_ends_at_once(
    tmp_path: Path, spec: resolved.Workspace
) -> None:
    """The kubelet's expansion undone, the command runs with a program in rclone's place."""
    pod = experiment.deployment(spec, spec.experiments["iris"], "print")["spec"]["template"]["spec"]
    command = [part.replace("$$", "$") for part in pod["containers"][1]["command"]]
    source = "S0:system/a b/$(touch x)`id`;'"
    said = tmp_path / "said"
    os.mkfifo(said)
    fake = tmp_path / "rclone"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"$SAID"\n')
    fake.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SAID": str(said)}
    process = subprocess.Popen([*command[:-1], source], env=env, cwd=tmp_path)
    try:
        assert said.read_text().splitlines()[-3:] == ["--", source, "/events"]
        # Now it pauses, or is about to.
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()
    assert {file.name for file in tmp_path.iterdir()} == {"rclone", "said", "stack.yaml"}
