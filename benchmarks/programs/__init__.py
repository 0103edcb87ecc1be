"""What `pulumi` runs for the benchmark `program`: the same objects, registered in each way."""

import json
import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Registration:
    """One object or component. `parent` is the key of its parent component, or none."""

    type: str
    name: str
    key: str
    parent: str
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """What is registered, parents first. The object of type `NAMESPACE` is what others need."""

    context: str
    registrations: list[Registration]


NAMESPACE = "kubernetes:core/v1:Namespace"


def is_component(type_token: str) -> bool:
    """Whether it has no object of its own in the cluster."""
    return type_token.startswith("easymaker:")


def read_graph() -> Graph:
    """The graph of the JSON file that the environment names."""
    data = json.loads(Path(os.environ["BENCH_GRAPH"]).read_text(encoding="utf-8"))
    return Graph(data["context"], [Registration(**item) for item in data["registrations"]])


def write_memory() -> None:
    """Say how many bytes this process had at most, in the file that the environment names."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    Path(os.environ["BENCH_MEMORY"]).write_text(str(peak), encoding="utf-8")
