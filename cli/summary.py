"""What `emctl up` prints at the end: results, addresses, and a request that works."""

import json
import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from cli.bucket import Buckets
from cli.reach import Gateway
from cli.targets import Target
from cli.urls import urls
from components.manifests import places
from schemas import resolved

_EXAMPLE_LENGTH = 4000
_TITLES = {"experiment": "TensorBoard", "endpoint": "endpoint", "stage": "stage"}
_TITLES["notebook"] = "notebook"


def results(
    workspace: resolved.Workspace, found: Buckets, complete: Collection[Target]
) -> tuple[list[str], dict[Target, str]]:
    """Where the models of complete trainings are, with what their scripts reported.

    Beside the lines: the trainings whose completion record is not there, and why.
    """
    lines, lost = [], {}
    for name, training in workspace.trainings.items():
        target = Target("training", name)
        if target not in complete:
            continue
        place = places.run_name(training)
        line = f"{name}: model at {training.output_data}/{place}/model"
        if found.knows(training.output_data):
            record = found.read_json(training.output_data, f"{place}/completion.json")
            if record is None or record["status"] != "COMPLETE":
                message = f"{training.output_data}/{place} holds no completion record"
                lost[target] = f"{message} (was it deleted? raise `run` to train again)"
                continue
            figures = [f"{key} {value:.4g}" for key, value in record["metrics"].items()]
            line = ", ".join([line, *figures])
        lines.append(line)
    return lines, lost


def addresses(
    workspace: resolved.Workspace, spec: Path, answering: Collection[Target]
) -> list[str]:
    """Where everything that answers does, and how to get in where that takes a token."""
    lines = []
    for target, url in urls(workspace).items():
        if target not in answering:
            continue
        lines.append(f"{_TITLES[target.kind]} {target.name}: {url}")
        if target.kind in ("experiment", "notebook"):
            lines.append(f"  with its token: emctl open {shlex.quote(str(spec))} {target}")
    return lines


def requests(
    workspace: resolved.Workspace, gateway: Gateway, answering: Collection[Target]
) -> Iterator[str]:
    """For each endpoint whose model tells an example: the command line that sends it."""
    for endpoint in workspace.endpoints.values():
        if Target("endpoint", endpoint.name) not in answering:
            continue
        stage = endpoint.stages[endpoint.default_stage]
        example = gateway.example(endpoint.host)
        if example is not None and len(json.dumps(example)) <= _EXAMPLE_LENGTH:
            yield gateway.curl(endpoint.host, stage.resource_path, example)
