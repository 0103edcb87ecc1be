"""What the cluster has of a workspace, read once before anything is registered."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.manifests.metadata import (
    KIND_LABEL,
    LAUNCHER_LABEL,
    NAME_LABEL,
    STACK_ANNOTATION,
)

_TIMEOUT = "--request-timeout=20s"


class LiveError(Exception):
    """The cluster can't be read; one sentence says why."""


@dataclass(frozen=True)
class Job:
    """A training's Job: what it is called, whose it is, and the launcher that it mounts."""

    name: str
    training: str
    launcher: str


@dataclass(frozen=True)
class Live:
    """`stack` is who made the namespace: empty if there is none, or nobody's."""

    stack: str
    jobs: tuple[Job, ...]

    def jobs_of(self, training: str) -> list[str]:
        """Names of the Jobs of all its revisions."""
        return [job.name for job in self.jobs if job.training == training]

    def launchers(self, trainings: Sequence[str]) -> frozenset[str]:
        """The launchers that Jobs of these trainings mount."""
        return frozenset(job.launcher for job in self.jobs if job.training in trainings)


def read(context: str, namespace: str, run: Callable[[list[str]], str] | None = None) -> Live:
    """Read the namespace and its training Jobs, through kubectl's `context`.

    Raises LiveError in one sentence when there is no kubectl, no such context or no answer.
    """
    call = run or (lambda arguments: _kubectl([f"--context={context}", *arguments]))
    common = [_TIMEOUT, "-o", "json", "--ignore-not-found"]
    found = call(["get", "namespace", namespace, *common])
    if not found.strip():
        return Live("", ())
    annotations = json.loads(found)["metadata"].get("annotations", {})
    listed = call(["get", "jobs", "-n", namespace, "-l", f"{KIND_LABEL}=training", *common])
    items = json.loads(listed)["items"] if listed.strip() else []
    return Live(annotations.get(STACK_ANNOTATION, ""), tuple(map(_job, items)))


def _job(item: dict[str, Any]) -> Job:
    metadata = item["metadata"]
    labels = metadata["labels"]
    return Job(metadata["name"], labels.get(NAME_LABEL, ""), labels.get(LAUNCHER_LABEL, ""))


def kubectl() -> str:
    """kubectl beside this Python, where the toolchain puts it, else on PATH."""
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        raise LiveError("kubectl is not installed (`make toolchain` brings it)")
    return found


def _kubectl(arguments: list[str]) -> str:
    done = subprocess.run(
        [kubectl(), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return done.stdout
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    last = lines[-1].removeprefix("error: ") if lines else f"kubectl ended with {done.returncode}"
    raise LiveError(f"the cluster can't be read: {last}")
