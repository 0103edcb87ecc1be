"""Up, down and status of clusters by name, whoever runs their nodes."""

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.addons import ObjectStorage
from tools.cluster.backend import Backend, Health, Say
from tools.cluster.backends.given import GivenBackend
from tools.cluster.backends.kind import KindBackend
from tools.cluster.backends.node import NodeBackend
from tools.cluster.definition import (
    DOMAIN,
    GATEWAY_PORT,
    Definition,
    changed,
    cluster_folder,
    read,
    write,
)
from tools.dirs import state_dir
from tools.errors import ToolError

BACKENDS: dict[str, type[Backend]] = {
    "given": GivenBackend,
    "kind": KindBackend,
    "node": NodeBackend,
}


@dataclass(frozen=True, kw_only=True)
class Status:
    """One cluster as people ask for it."""

    definition: Definition
    health: Health
    kubeconfig: Path
    storage: ObjectStorage | None

    def as_dict(self) -> dict[str, object]:
        """For machines; the object storage's keys stay in its file."""
        definition = self.definition
        return {
            "name": definition.name,
            "backend": definition.backend,
            "state": self.health.state,
            "reasons": list(self.health.reasons),
            "context": definition.context,
            "kubeconfig": str(self.kubeconfig),
            "gateway": f"http://127.0.0.1:{definition.gateway_port}",
            "domain": DOMAIN,
            "object_storage": self.storage.endpoint if self.storage else "",
            "simulated_gpus": definition.simulated_gpus,
            "processes": self.health.processes,
        }


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the caller of `up` asks for; None leaves a thing as it is, or to its default."""

    name: str
    state: Path | None = None
    kubeconfig: Path | None = None
    context: str | None = None
    gateway_port: int | None = None
    simulated_gpus: int | None = None


def up(wish: Wish, say: Say) -> Status:
    """Bring a cluster up or repair it. Raises ToolError in one sentence where it can't be."""
    folder = cluster_folder(wish.name, wish.state)
    with _lock(folder):
        definition = _wanted(wish, folder)
        backend = BACKENDS[definition.backend](definition, folder)
        write(folder, backend.up(say))
    return status(wish.name, wish.state)


def down(name: str, state: Path | None, keep_data: bool, say: Say) -> None:
    """End a cluster. One that isn't there is no error: what an interrupted run left goes too."""
    folder = cluster_folder(name, state)
    if not folder.exists():
        say(f"there is no cluster {name!r}")
        return
    with _lock(folder):
        definition = read(folder)
        if definition is None:
            shutil.rmtree(folder)
        else:
            BACKENDS[definition.backend](definition, folder).down(keep_data, say)


def status(name: str, state: Path | None) -> Status:
    """Look at a cluster. Raises ToolError where there is none of this name."""
    folder = cluster_folder(name, state)
    backend = find(name, state)
    return Status(
        definition=backend.definition,
        health=backend.health(),
        kubeconfig=Path(backend.definition.kubeconfig or folder / "kubeconfig"),
        storage=backend.storage(),
    )


def find(name: str, state: Path | None = None) -> Backend:
    """The backend of a cluster that exists. Raises ToolError where there is none of this name."""
    folder = cluster_folder(name, state)
    definition = read(folder)
    if definition is None:
        raise ToolError(f"there is no cluster {name!r}", "`emctl local up` makes it")
    return BACKENDS[definition.backend](definition, folder)


def names(state: Path | None = None) -> list[str]:
    """The clusters of this user."""
    base = (state or state_dir()) / "clusters"
    return sorted(p.parent.name for p in base.glob("*/cluster.json"))


def _wanted(wish: Wish, folder: Path) -> Definition:
    """The definition to bring up: the one that is kept, with what the wish changes."""
    kept = read(folder)
    if kept is None:
        given = wish.kubeconfig is not None or wish.context is not None
        backend = "given" if given else _backend_here()
        port = wish.gateway_port or _free_port(wish)
        context = wish.context or "" if given else f"easymaker-{wish.name}"
        kept = Definition(
            name=wish.name,
            backend=backend,
            gateway_port=port,
            context=context,
            kubeconfig=str(wish.kubeconfig.resolve()) if wish.kubeconfig else "",
        )
    elif kept.backend != "given" and (wish.kubeconfig or wish.context):
        raise ToolError(
            f"cluster {wish.name!r} has a node of its own ({kept.backend})",
            "choose another --name for the cluster that the kubeconfig names",
        )
    return changed(
        kept,
        gateway_port=wish.gateway_port,
        simulated_gpus=wish.simulated_gpus,
        context=wish.context,
        kubeconfig=str(wish.kubeconfig.resolve()) if wish.kubeconfig else None,
    )


def _free_port(wish: Wish) -> int:
    """8088 for the first cluster of a user, the next ones after it."""
    taken = set()
    for other in names(wish.state):
        definition = read(cluster_folder(other, wish.state))
        if definition:
            taken.add(definition.gateway_port)
    return next(port for port in range(GATEWAY_PORT, GATEWAY_PORT + 1000) if port not in taken)


def _backend_here() -> str:
    return "kind" if not KindBackend.missing() else "node"


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One command at a time changes a cluster."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder.with_name(f".{folder.name}.lock")
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    if not folder.exists():
        path.unlink(missing_ok=True)
