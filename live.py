"""What the cluster has of a workspace, read once before anything is registered."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from components.manifests import Manifest, launcher, training
from components.manifests.metadata import (
    KIND_LABEL,
    LAUNCHER_LABEL,
    MADE_OF_ANNOTATION,
    NAME_LABEL,
    STACK_ANNOTATION,
)

_TIMEOUT = "--request-timeout=20s"


class LiveError(Exception):
    """The cluster can't be read; one sentence says why."""


@dataclass(frozen=True)
class Live:
    """`stack` is who made the namespace: empty if there is none, or nobody's.

    `jobs` are the training Jobs, `launchers` the ConfigMaps with launchers; by name.
    """

    stack: str
    jobs: dict[str, Manifest]
    launchers: dict[str, Manifest]

    def jobs_of(self, training: str) -> dict[str, Manifest]:
        """The Jobs of all its revisions."""
        return {
            name: job
            for name, job in self.jobs.items()
            if job["metadata"]["labels"][NAME_LABEL] == training
        }

    def launchers_of(self, trainings: Collection[str]) -> list[Manifest]:
        """The launchers that Jobs of these trainings mount."""
        labels = [job["metadata"]["labels"] for job in self.jobs.values()]
        used = {label[LAUNCHER_LABEL] for label in labels if label[NAME_LABEL] in trainings}
        return [self.launchers[name] for name in sorted(used & self.launchers.keys())]


def read(context: str, namespace: str, run: Callable[[list[str]], str] | None = None) -> Live:
    """Read the namespace and what lives in it, through kubectl's `context`.

    Raises LiveError in one sentence when there is no kubectl, no such context or no answer.
    """
    call = run or (lambda arguments: _kubectl([f"--context={context}", *arguments]))
    common = [_TIMEOUT, "-o", "json", "--ignore-not-found"]
    found = call(["get", "namespace", namespace, *common])
    if not found.strip():
        return Live("", {}, {})
    annotations = json.loads(found)["metadata"].get("annotations", {})
    selector = f"{KIND_LABEL} in ({training.KIND},{launcher.KIND}),app.kubernetes.io/managed-by"
    listed = call(["get", "jobs,configmaps", "-n", namespace, "-l", selector, *common])
    items = json.loads(listed)["items"] if listed.strip() else []

    def of(kind: str) -> dict[str, Manifest]:
        return {i["metadata"]["name"]: i for i in items if i["kind"] == kind}

    jobs = {name: job for name, job in of("Job").items() if _is_whole(job)}
    return Live(annotations.get(STACK_ANNOTATION, ""), jobs, of("ConfigMap"))


def _is_whole(job: Manifest) -> bool:
    """Whether nobody took off what says how the Job was made."""
    metadata = job["metadata"]
    return MADE_OF_ANNOTATION in metadata.get("annotations", {}) and (
        {NAME_LABEL, LAUNCHER_LABEL} <= metadata["labels"].keys()
    )


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
