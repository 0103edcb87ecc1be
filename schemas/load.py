"""Reading a spec from start to end."""

import os
from pathlib import Path

from schemas import resolved
from schemas.check import check
from schemas.errors import SpecError
from schemas.files import Disk, Files, read_spec
from schemas.resolve import resolve
from schemas.workspace import MERGED


def load(path: Path | str, files: Files | None = None) -> resolved.Workspace:
    """Read a workspace's spec with all that it includes, from the disk or from `files`.

    Raises:
        SpecError: it cannot be used; every reason is in it, in file order.

    """
    return _load(path, files, workspace=True)  # type: ignore[return-value]


def load_any(path: Path | str, files: Files | None = None) -> resolved.Workspace | resolved.Cluster:
    """Read a document of any kind, as `load` does."""
    return _load(path, files, workspace=False)


def _load(
    path: Path | str, files: Files | None, *, workspace: bool
) -> resolved.Workspace | resolved.Cluster:
    main = os.fspath(path)
    loaded = read_spec(main, files or Disk(main), MERGED)
    lines = {name: source.lines for name, source in loaded.sources.items()}
    if loaded.tree is None:
        raise SpecError(loaded.issues, lines)
    spec = check(loaded)
    kind = loaded.tree.get("kind")
    if not spec.issues and kind != "Workspace" and workspace:
        spec.report("kind", ("kind",), f"must be Workspace here, not {kind}")
    if spec.issues:
        raise SpecError(spec.issues, lines)
    if kind != "Workspace":
        return resolved.Cluster(str(kind), str(loaded.tree["cluster"]))
    return resolve(spec)
