"""What runs a cluster's node, seen from the commands: one class each, chosen once at `up`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tools.cluster.addons import ObjectStorage
from tools.cluster.definition import Definition
from tools.cluster.kubectl import Kubectl
from tools.images import Store

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Health:
    """How a cluster is: `running`, `degraded` (with reasons) or `stopped`."""

    state: str
    reasons: tuple[str, ...] = ()
    processes: dict[str, int] = field(default_factory=dict)
    """Process numbers by name, of an own node."""


class Backend(Protocol):
    """One way to have a cluster. `definition` and `folder` belong to the cluster it is made for."""

    definition: Definition
    folder: Path

    def __init__(self, definition: Definition, folder: Path) -> None: ...

    def up(self, say: Say) -> Definition:
        """Bring it up, or repair it. Returns the definition as it is now."""

    def down(self, keep_data: bool, say: Say) -> None:
        """End it, and remove all of it unless its data is to be kept."""

    def health(self) -> Health:
        """Look at it, changing nothing."""

    def kubectl(self) -> Kubectl:
        """Its API."""

    def images(self) -> Store:
        """The images that its node holds. Raises ToolError where only a registry can bring some."""

    def measure(self, say: Say) -> None:
        """Bring the metrics API, where the cluster has none and is one of ours."""

    def storage(self) -> ObjectStorage | None:
        """The object storage that comes with it."""
