"""What the cluster has of a workspace, read once before anything is registered."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from components.manifests import Manifest, training
from components.manifests import stage as stages
from components.manifests.metadata import (
    ENDPOINT_LABEL,
    KIND_LABEL,
    LAUNCHER_LABEL,
    MADE_OF_ANNOTATION,
    NAME_LABEL,
    SPEC_ANNOTATION,
    STACK_ANNOTATION,
)
from components.manifests.served import SERVED_ANNOTATION
from components.manifests.standing import Standing
from schemas import resolved
from schemas.applied import read as read_document
from schemas.document import Document, platform_document

Objects = dict[str, Manifest]
_RESOURCES = (
    "jobs.batch",
    "configmaps",
    "services",
    "deployments.apps",
    "statefulsets.apps",
    "persistentvolumeclaims",
    "httproutes.gateway.networking.k8s.io",
)

_TIMEOUT = "--request-timeout=20s"


@dataclass(frozen=True)
class Context:
    """How kubectl is told of a cluster: a context of the user's kubeconfig, or of `file`."""

    name: str
    file: Path | None = None

    @property
    def arguments(self) -> list[str]:
        """kubectl's."""
        named = [f"--context={self.name}"]
        return [f"--kubeconfig={self.file}", *named] if self.file else named


class LiveError(Exception):
    """The cluster can't be read; one sentence says why."""


@dataclass(frozen=True)
class Live:
    """Objects of the workspace's, as the API server has them, by name.

    `stack` is who made the namespace: empty if there is none, or nobody's. `nodes` is empty unless
    it was asked for.
    """

    stack: str = ""
    jobs: Objects = field(default_factory=dict)
    config_maps: Objects = field(default_factory=dict)
    services: Objects = field(default_factory=dict)
    deployments: Objects = field(default_factory=dict)
    stateful_sets: Objects = field(default_factory=dict)
    claims: Objects = field(default_factory=dict)
    routes: Objects = field(default_factory=dict)
    nodes: Objects = field(default_factory=dict)

    def jobs_of(self, training: str) -> Objects:
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
        return [self.config_maps[name] for name in sorted(used & self.config_maps.keys())]

    def standing(self, stage: resolved.Stage) -> Standing:
        """What there is of a stage."""
        own = stages.stage_labels(stage).items()
        return Standing(
            self.services.get(stage.object_name),
            tuple(
                item
                for item in self.deployments.values()
                if own <= item["metadata"].get("labels", {}).items()
            ),
        )

    def settled_by(self, stage: resolved.Stage) -> Manifest | None:
        """The object that says what the stage was to serve last: its route. Before routes said it,
        a stage had one Deployment, named like itself."""
        route = self.routes.get(stage.object_name)
        if route and SERVED_ANNOTATION in route["metadata"].get("annotations", {}):
            return route
        return self.deployments.get(stage.object_name)

    def applied(self, workspace: resolved.Workspace) -> Document | None:
        """The spec that was applied last, from what the owner of each resource carries.

        None if there is none. A resource whose first apply failed is not in it; the platform is the
        new one where an apply failed before it.
        """
        found = [
            self._of(kind, objects)
            for kind, objects in (
                ("experiment", self.deployments),
                ("training", self.jobs),
                ("model", self.config_maps),
                ("endpoint", self.routes),
                # A notebook's volume is there first.
                ("notebook", {**self.claims, **self.stateful_sets}),
                ("stage", self.routes),
                ("workspace", self.config_maps),
            )
        ]
        experiments, trainings, models, endpoints, notebooks, stages, own = found
        if not any(found):
            return None
        platform = own.get(workspace.name) or platform_document(workspace.platform)
        for name, endpoint in endpoints.items():
            endpoint["stages"] = {
                key.partition("/")[2]: stage
                for key, stage in stages.items()
                if key.partition("/")[0] == name
            }
        return {
            "workspace": workspace.name,
            "platform": platform,
            "experiments": experiments,
            "trainings": trainings,
            "models": models,
            "endpoints": endpoints,
            "notebooks": notebooks,
        }

    @staticmethod
    def _of(kind: str, objects: Objects) -> dict[str, Document]:
        """What owners of a kind were applied with, by name; a stage's is `endpoint/stage`."""
        found: dict[str, Document] = {}
        for item in sorted(objects.values(), key=_order):
            labels = item["metadata"].get("labels", {})
            text = item["metadata"].get("annotations", {}).get(SPEC_ANNOTATION)
            if labels.get(KIND_LABEL) == kind and text:
                name = labels[NAME_LABEL]
                endpoint = labels.get(ENDPOINT_LABEL)
                found[f"{endpoint}/{name}" if endpoint else name] = read_document(text)
        return found


def _order(item: Manifest) -> tuple[bool, str]:
    """What counts more comes later: a StatefulSet than its claim, what was made last."""
    claim = item["kind"] == "PersistentVolumeClaim"
    return not claim, str(item["metadata"].get("creationTimestamp", ""))


def read(
    context: Context,
    namespace: str,
    nodes: bool = False,
    run: Callable[[list[str]], str] | None = None,
) -> Live:
    """Read the namespace and what lives in it.

    Raises LiveError in one sentence when there is no kubectl, no such context or no answer.
    """
    call = run or (lambda arguments: _kubectl([*context.arguments, *arguments]))
    common = [_TIMEOUT, "-o", "json", "--ignore-not-found"]
    selector = f"{KIND_LABEL},app.kubernetes.io/managed-by=pulumi"
    wanted = [
        ["get", "namespace", namespace, *common],
        ["get", ",".join(_RESOURCES), "-n", namespace, "-l", selector, *common],
        *([["get", "nodes", *common]] if nodes else []),
    ]
    # Side by side: each takes a third of a second to begin with.
    with ThreadPoolExecutor(len(wanted)) as pool:
        found, listed, *more = pool.map(call, wanted)
    annotations = json.loads(found)["metadata"].get("annotations", {}) if found.strip() else {}
    items = _items(listed)

    def of(kind: str) -> Objects:
        return {i["metadata"]["name"]: i for i in items if i["kind"] == kind}

    return Live(
        stack=annotations.get(STACK_ANNOTATION, ""),
        jobs={name: job for name, job in of("Job").items() if _is_whole(job)},
        config_maps=of("ConfigMap"),
        services=of("Service"),
        deployments=of("Deployment"),
        stateful_sets=of("StatefulSet"),
        claims=of("PersistentVolumeClaim"),
        routes=of("HTTPRoute"),
        nodes={i["metadata"]["name"]: i for text in more for i in _items(text)},
    )


def _items(text: str) -> list[Manifest]:
    items: list[Manifest] = json.loads(text)["items"] if text.strip() else []
    return items


def _is_whole(job: Manifest) -> bool:
    """Whether nobody took off what says how the Job was made."""
    metadata = job["metadata"]
    return (
        metadata["labels"].get(KIND_LABEL) == training.KIND
        and MADE_OF_ANNOTATION in metadata.get("annotations", {})
        and {NAME_LABEL, LAUNCHER_LABEL} <= metadata["labels"].keys()
    )


def kubectl() -> str:
    """kubectl beside this Python, where the toolchain puts it, else on PATH."""
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        raise LiveError("kubectl is not installed (`make toolchain` brings it)")
    return found


def kubectl_says(context: Context, arguments: list[str], seconds: int = 15) -> str:
    """What kubectl prints. Raises LiveError, also where no answer comes in so many seconds."""
    return _kubectl([*context.arguments, *arguments], seconds)


def _kubectl(arguments: list[str], seconds: int | None = None) -> str:
    try:
        done = subprocess.run(
            [kubectl(), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise LiveError(f"the cluster can't be read: no answer in {seconds} seconds") from None
    if done.returncode == 0:
        return done.stdout
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    last = lines[-1].removeprefix("error: ") if lines else f"kubectl ended with {done.returncode}"
    raise LiveError(f"the cluster can't be read: {last}")
