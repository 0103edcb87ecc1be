"""Reading a spec from start to end."""

import os
from pathlib import Path

from schemas import resolved
from schemas.applied import Before, refuse
from schemas.check import check, in_order
from schemas.errors import SpecError
from schemas.files import Disk, Files, read_spec
from schemas.resolve import resolve
from schemas.workspace import MERGED


def load(
    path: Path | str, files: Files | None = None, before: Before | None = None
) -> resolved.Workspace:
    """Read a workspace's spec with all that it includes, from the disk or from `files`.

    With `before` it is also judged as a change of what was applied last.

    Raises:
        SpecError: it cannot be used; every reason is in it, in file order.

    """
    return _load(path, files, before, workspace=True)  # type: ignore[return-value]


def load_any(path: Path | str, files: Files | None = None) -> resolved.Workspace | resolved.Cluster:
    """Read a document of any kind, as `load` does."""
    return _load(path, files, None, workspace=False)


def _load(
    path: Path | str, files: Files | None, before: Before | None, *, workspace: bool
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
    settled = resolve(spec)
    applied = before(settled) if before is not None else None
    if applied is not None:
        refuse(spec, settled, applied)
        if spec.issues:
            raise SpecError(in_order(spec.issues, loaded), lines)
    return settled
