"""Specs for tests: a small one as plain data, and writers that say the same in other ways."""

import copy
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas import resolved
from schemas.errors import SpecError
from schemas.load import load
from schemas.text import Literal, scalar

Document = dict[str, Any]


def platform() -> Document:
    """A platform with one of everything."""
    image = {"framework_version": "2.21", "python_version": "3.12"}
    return {
        "target": {"type": "kubernetes", "context": "test"},
        "domain": "example.com",
        "gateway": {
            "namespace": "gateway-system",
            "name": "easymaker",
            "listener": "web",
            "pod_selector": {"app.kubernetes.io/name": "traefik"},
            "address": "127.0.0.1:8088",
        },
        "object_storage": {
            "objects.example.com": {
                "type": "s3",
                "endpoint": "http://objects.example.com:9000",
                "credentials": {
                    "access_key": {"pulumi_config": "accessKey"},
                    "secret_key": {"secret": "storage"},
                },
            }
        },
        "system_path": "obs://objects.example.com/system",
        "nas": {"models": {"type": "host_path", "path": "/srv/models"}},
        "built_images": {
            name: f"registry.example.com/{name}:1" for name in ("train", "tools", "tensorboard")
        },
        "images": {
            "train": image
            | {"use": "training", "framework": "tensorflow", "core_type": "cpu", "image": "train"},
            "note": image
            | {
                "use": "notebook",
                "framework": "python",
                "core_type": "cpu",
                "image": "registry.example.com/note:1",
            },
            "gpu": image
            | {
                "use": "training",
                "framework": "pytorch",
                "core_type": "gpu",
                "image": "registry.example.com/gpu:1",
            },
        },
        "serving": {"tensorflow": {"image": "registry.example.com/serve:1"}},
        "flavors": {
            "m2.c1m2": {"core_type": "cpu", "cpu": Literal("1"), "memory": "2Gi"},
            "big": {"core_type": "cpu", "cpu": "1500m", "memory": "4Gi"},
            "a100": {
                "core_type": "gpu",
                "cpu": Literal("4"),
                "memory": "16Gi",
                "gpu": {"model": "a100", "count": 2},
                "pool": "a100",
            },
        },
        "pools": {"a100": {"node_selector": {"gpu": "a100"}, "nodes": 2, "gpus_per_node": 4}},
    }


def document() -> Document:
    """A workspace with one or two of everything."""
    return {
        "api_version": "easymaker/v1",
        "kind": "Workspace",
        "workspace": "team",
        "platform": platform(),
        "experiments": {"iris": {"description": "flowers"}, "wine": {}},
        "trainings": {
            "base": {
                "experiment": "iris",
                "algorithm": {"path": "obs://objects.example.com/code", "entry_point": "train.py"},
                "hyperparameters": {
                    "epochs": Literal("60"),
                    "lr": Literal("1e-4"),
                    "shuffle": "no",
                    "deterministic": Literal("true"),
                    "layers": "[64, 32]",
                },
                "image": "train",
                "flavor": "m2.c1m2",
                "instances": 2,
                "input_data": {
                    "train": "obs://objects.example.com/data",
                    "test": "nas://models:/t",
                },
                "output_data": "obs://objects.example.com/results",
                "checkpoint": "obs://objects.example.com/checkpoints",
                "data_storage": 300,
                "max_time": "2h",
                "tags": {"country": "no", "team": "vision"},
            },
            "wide": {"copy": "base", "hyperparameters": {"hidden": Literal("64")}},
        },
        "models": {
            "base": {"framework": "tensorflow", "framework_version": "2.21", "training": "base"},
            "old": {"framework": "tensorflow", "framework_version": "1", "path": "nas://models:/m"},
        },
        "endpoints": {
            "iris": {
                "default_stage": "on",
                "stages": {
                    "on": {"model": "base", "resource_path": "/inference", "flavor": "m2.c1m2"},
                    "off": {"model": "old", "resource_path": "/inference", "flavor": "m2.c1m2"},
                },
            }
        },
        "notebooks": {
            "explore": {
                "display_name": "Exploration",
                "image": "note",
                "flavor": "m2.c1m2",
                "boot_storage": 10,
                "data_storage": 20,
                "nas": {"shared": "nas://models:/"},
            }
        },
    }


def changed(path: tuple[str, ...], value: object, base: Document | None = None) -> Document:
    """The document with one value set; `None` takes the key out."""
    whole = copy.deepcopy(document() if base is None else base)
    node = whole
    for key in path[:-1]:
        node = node.setdefault(key, {})
    if value is None:
        node.pop(path[-1], None)
    else:
        node[path[-1]] = value
    return whole


def load_document(folder: Path, spec: Mapping[str, Any]) -> resolved.Workspace:
    """Write a document and load it."""
    return load_text(folder, flow(spec))


def load_text(folder: Path, text: str | bytes) -> resolved.Workspace:
    """Write a file and load it."""
    file = folder / "spec.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    return load(file)


def lines_of(folder: Path, spec: Mapping[str, Any]) -> list[str]:
    """The problems of a document, without the file's name and the position."""
    try:
        load_document(folder, spec)
    except SpecError as error:
        return [str(issue).partition(": ")[2] for issue in error.issues]
    return []


def flow(value: object) -> str:
    """One line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(k))}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, Literal):
        return str(value)
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    """Double quotes, with an escape for each character that is not plain ASCII."""
    plain = (c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(plain)}"'


class Writer:
    """Writes a document in one of the many ways that mean the same: order, styles, anchors."""

    def __init__(self, choice: random.Random) -> None:
        self.choice = choice
        self.anchors: dict[str, str] = {}

    def text(self, spec: Mapping[str, Any]) -> str:
        """The document, all keys in any order."""
        return "\n".join(self._block(spec, "")) + "\n"

    def _block(self, mapping: Mapping[str, Any], indent: str) -> list[str]:
        lines = []
        for key in self._shuffled(mapping):
            value = mapping[key]
            head = f"{indent}{self._scalar(key)}:"
            if isinstance(value, Mapping) and value:
                lines += self._mapping(value, head, indent)
            elif isinstance(value, Mapping):
                lines.append(f"{head} {{}}")
            elif isinstance(value, list):
                lines.append(f"{head} {flow(value)}")
            else:
                lines.append(f"{head} {self._scalar(value)}")
        return lines

    def _mapping(self, value: Mapping[str, Any], head: str, indent: str) -> list[str]:
        known = flow(dict(sorted(value.items())))
        if known in self.anchors and self.choice.random() < 0.8:
            if self.choice.random() < 0.5:
                return [f"{head} *{self.anchors[known]}"]
            return [f"{head} {{<<: *{self.anchors[known]}}}"]
        if self.choice.random() < 0.2:
            return [f"{head} {flow({key: value[key] for key in self._shuffled(value)})}"]
        inside = self._block(value, indent + "  ")
        anchor = ""
        if known not in self.anchors and self.choice.random() < 0.7:
            # Named after its content is written: what stands inside cannot refer to it.
            self.anchors[known] = f"a{len(self.anchors)}"
            anchor = f" &{self.anchors[known]}"
        return [f"{head}{anchor}", *inside]

    def _scalar(self, value: object) -> str:
        if isinstance(value, str) and not isinstance(value, Literal):
            return self.choice.choice([scalar(value), flow(value)])
        return flow(value)

    def _shuffled(self, mapping: Mapping[str, Any]) -> list[str]:
        keys = list(mapping)
        self.choice.shuffle(keys)
        return keys
