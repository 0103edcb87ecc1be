"""The images that a cluster's node holds."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tools.errors import ToolError
from tools.process import run


class NodeImages:
    """Images in the containerd of an own node; `enter` and `ctr` start the command line."""

    def __init__(
        self, enter: list[str], ctr: Path, neighbours: Callable[[], list["NodeImages"]] = list
    ) -> None:
        self.neighbours = neighbours
        self._ctr = [*enter, str(ctr), "--address=/run/containerd/containerd.sock", "-n=k8s.io"]
        self._names: set[str] | None = None

    def ready(self) -> bool:
        """Whether containerd answers."""
        try:
            run([*self._ctr, "version"], timeout_seconds=5)
        except ToolError:
            return False
        return True

    def look(self) -> None:
        """Look anew at what is there: another program may have loaded something."""
        self._names = None

    def has(self, reference: str) -> bool:
        """Whether the image is there, as of the last look."""
        if self._names is None:
            self._names = set(run([*self._ctr, "images", "list", "-q"]).split())
        return reference in self._names

    def blobs(self) -> set[str]:
        """The digests of the layers that it has."""
        return set(run([*self._ctr, "content", "list", "-q"]).split())

    def load(self, archive: Path) -> None:
        """Import an OCI archive under the names it carries."""
        self._names = None
        run([*self._ctr, "images", "import", archive])

    def export(self, references: Sequence[str], archive: Path) -> None:
        """Write images as one OCI archive."""
        # Through the transfer service `ctr` may end before the last of the archive is written.
        run([*self._ctr, "images", "export", "--local", archive, *references])
