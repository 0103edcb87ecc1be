"""What a local cluster is, as it is kept in its state folder."""

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tools.dirs import state_dir
from tools.errors import ToolError

DEFAULT_NAME = "local"
DOMAIN = "easymaker.localhost"
GATEWAY_PORT = 8088
"""The gateway's port inside the cluster, and of the first cluster on the host."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One named cluster of this user.

    `backend` says who runs its node: `node` (our own processes), `kind`, or `given` (an existing
    cluster that a kubeconfig names). `index` tells the own nodes of a machine apart: it picks
    subnets, interface and cgroup.
    """

    name: str
    backend: str
    gateway_port: int = GATEWAY_PORT
    simulated_gpus: int = 0
    index: int = -1
    context: str = ""
    """The context in the kubeconfig; of a given cluster it is the user's own."""
    kubeconfig: str = ""
    """The kubeconfig of a given cluster; others have theirs in the state folder."""


def cluster_folder(name: str, state: Path | None = None) -> Path:
    """The folder that holds all of a cluster; `state` replaces the user's state folder."""
    # The name becomes part of a context and of a folder.
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?", name):
        raise ToolError(
            f"{name!r} can't name a cluster",
            "use at most 30 lower-case letters, digits and inner hyphens",
        )
    return (state or state_dir()) / "clusters" / name


def read(folder: Path) -> Definition | None:
    """The cluster that the folder holds, None where there is none."""
    try:
        data: dict[str, Any] = json.loads((folder / "cluster.json").read_text(encoding="utf-8"))
        return Definition(**data)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise ToolError(
            f"{folder / 'cluster.json'} can't be read: {error}",
            "`emctl local down` removes the cluster, then `emctl local up` makes it anew",
        ) from None


def write(folder: Path, definition: Definition) -> Definition:
    """Keep the definition. Returns it."""
    write_private(folder / "cluster.json", json.dumps(asdict(definition), indent=2) + "\n")
    return definition


def changed(definition: Definition, **fields: Any) -> Definition:
    """The definition with what is not None of `fields` replaced."""
    return replace(definition, **{k: v for k, v in fields.items() if v is not None})


def write_private(path: Path, text: str) -> bool:
    """Write a file that only the user reads, at once and whole. Returns whether it changed."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    part.touch(mode=0o600)
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return True
