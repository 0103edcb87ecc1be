"""Reading a spec from start to end."""

import os
from pathlib import Path

from schemas import kinds, resolved
from schemas.applied import Before, BeforeAny, Resolved, refuse
from schemas.check import check, in_order
from schemas.errors import SpecError
from schemas.files import Disk, Files, read_spec
from schemas.resolve import resolve
from schemas.spec import Spec, root_mark
from schemas.workspace import MERGED

SECTIONS: dict[str, frozenset[str]] = MERGED | dict.fromkeys(kinds.CLUSTER_MAPS, frozenset())
"""Those whose entries may come from several files, of documents of any kind."""


def load(
    path: Path | str, files: Files | None = None, before: Before | None = None
) -> resolved.Workspace:
    """Read a workspace's spec with all that it includes, from the disk or from `files`.

    With `before` it is also judged as a change of what was applied last.

    Raises:
        SpecError: it cannot be used; every reason is in it, in file order.

    """
    found = _load(path, files, before, workspace=True)  # type: ignore[arg-type]
    assert isinstance(found, resolved.Workspace)  # noqa: S101
    return found


def load_any(
    path: Path | str, files: Files | None = None, before: BeforeAny | None = None
) -> Resolved:
    """Read a document of any kind, as `load` does."""
    return _load(path, files, before, workspace=False)


def _load(
    path: Path | str, files: Files | None, before: BeforeAny | None, *, workspace: bool
) -> Resolved:
    main = os.fspath(path)
    loaded = read_spec(main, files or Disk(main), SECTIONS)
    lines = {name: source.lines for name, source in loaded.sources.items()}
    if loaded.tree is None:
        raise SpecError(loaded.issues, lines)
    kind = loaded.tree.get("kind")
    if workspace and kind in kinds.NAMES[1:]:
        # Whatever else is wrong with it: it is another file that is meant.
        spec = Spec(loaded.tree, root_mark(loaded.sources[loaded.names[0]]))
        hint = "`pulumi up` applies it; `emctl validate`, `show` and `diff` read it"
        spec.report("kind", ("kind",), f"must be Workspace here, not {kind}", hint)
    else:
        spec = check(loaded)
    if spec.issues:
        raise SpecError(spec.issues, lines)
    settled: Resolved = resolve(spec) if kind == "Workspace" else kinds.resolve(str(kind), spec)
    applied = before(settled) if before is not None else None
    if applied is not None:
        refuse(spec, settled, applied)
        if spec.issues:
            raise SpecError(in_order(spec.issues, loaded), lines)
    return settled
