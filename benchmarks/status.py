"""How long `emctl status` takes over 1,000 resources, beside kubectl that gets the same lists.

Both read the same lists of a cluster of its own. Of it, Python's start and the spec's checks are
what `validate` takes. The objects are a real API server's, and no pod runs: trainings and notebooks
are stopped, the stages' Deployments have no replicas.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import free_port, validate
from cli.feed import SOURCES
from components.manifests import Manifest, endpoint, experiment, model, notebook, stage, training
from components.manifests.metadata import KIND_LABEL
from components.manifests.served import Served
from schemas import load, resolved
from schemas.address import Address
from tools import cluster, toolchain

RESOURCES = 1_000
REPEATS = 5
_PARTS = 8
_WEIGHTS = Address(
    "obs://objects.example.com/models/all", "obs", "objects.example.com", "", "models", "all"
)


def spec_text(context: str, resources: int = RESOURCES) -> str:
    """A spec with so many resources and nothing that runs."""
    text = validate.spec(resources).replace("context: bench", f"context: {context}")
    for first in ("    experiment: all\n", "    display_name: Exploration\n"):
        text = text.replace(first, f"{first}    state: stopped\n")
    return text


def manifests(spec: resolved.Workspace) -> list[Manifest]:
    """What statuses are made of, but without pods."""
    served = Served(_WEIGHTS, "", "all", "all", "tensorflow", "2.21")
    routes, pods = [], []
    for item in spec.experiments.values():
        routes.append(experiment.route(spec, item))
        pods.append(experiment.deployment(spec, item, "none"))
    for end in spec.endpoints.values():
        routes.append(endpoint.route(spec, end))
        for one in end.stages.values():
            routes.append(stage.route(spec, one, served))
            pods.append(stage.deployment(spec, end, one, served))
    for deployment in pods:
        deployment["spec"]["replicas"] = 0
    notebooks = spec.notebooks.values()
    return [
        *(training.training_job(spec, item, "launcher") for item in spec.trainings.values()),
        *(model.record(spec, item, None) for item in spec.models.values()),
        *(notebook.stateful_set(spec, item, "none") for item in notebooks),
        *(notebook.claim(spec, item) for item in notebooks),
        *(notebook.route(spec, item) for item in notebooks),
        *routes,
        *pods,
    ]


def create(kubeconfig: Path, items: list[Manifest], namespace: str) -> None:
    """Create the namespace with all of them, in some processes: each of kubectl's has a limit."""
    kubectl = [str(toolchain.path("kubectl")), f"--kubeconfig={kubeconfig}"]
    subprocess.run(
        [*kubectl, "create", "namespace", namespace], check=True, stdout=subprocess.DEVNULL
    )

    def part(number: int) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": items[number::_PARTS]}
        subprocess.run(
            [*kubectl, "create", "-f", "-"],
            input=json.dumps(listed).encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )

    with ThreadPoolExecutor(_PARTS) as pool:
        list(pool.map(part, range(_PARTS)))


def run() -> dict[str, str]:
    """Seconds, and what each is of kubectl's."""
    with tempfile.TemporaryDirectory() as folder:
        state, file = Path(folder), Path(folder) / "bench.yaml"
        wish = cluster.Wish(name="bench-status", state=state, gateway_port=free_port())
        try:
            up = cluster.up(wish, _quiet)
            file.write_text(spec_text(up.definition.context), encoding="utf-8")
            spec = load(file)
            create(up.kubeconfig, manifests(spec), spec.name)
            return measure(file, up.kubeconfig, spec.name)
        finally:
            cluster.down(wish.name, state, keep_data=False, say=_quiet)


def measure(file: Path, kubeconfig: Path, namespace: str) -> dict[str, str]:
    """The shortest of some runs each, taken by turns."""
    program = [sys.executable, "-c", "from cli.main import main; main()"]
    kubectl = [str(toolchain.path("kubectl")), "--namespace", namespace, "get", "--output=json"]
    lists = ",".join(source.plural for source in SOURCES)
    commands = {
        "kubectl get of one list": [*kubectl, "jobs"],
        "kubectl get of the same lists": [*kubectl, lists, f"--selector={KIND_LABEL}"],
        "validate": [*program, "validate", str(file)],
        "status": [*program, "status", str(file)],
        "status of one": [*program, "status", str(file), "training/training-7"],
    }
    seconds = {label: float("inf") for label in commands}
    for _ in range(REPEATS):
        for label, command in commands.items():
            seconds[label] = min(seconds[label], _seconds(command, kubeconfig))
    bare = seconds["kubectl get of the same lists"]
    return {label: f"{taken:6.2f} s  {taken / bare:5.2f}" for label, taken in seconds.items()}


def _seconds(command: list[str], kubeconfig: Path) -> float:
    start = time.perf_counter()
    subprocess.run(
        command,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def _quiet(_said: str) -> None:
    pass
