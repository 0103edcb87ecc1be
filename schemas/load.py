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
    """Read a workspace's spec with all that it includes.

    Raises:
        SpecError: it cannot be used; every reason is in it, in file order.

    """
    main = os.fspath(path)
    loaded = read_spec(main, files or Disk(main), MERGED)
    if not loaded.names or not loaded.sources or loaded.sources[0].name != main:
        raise SpecError(loaded.issues)
    spec = check(loaded)
    if spec.issues:
        raise SpecError(spec.issues)
    kind = loaded.tree["kind"]
    if kind != "Workspace":
        message = f"is {kind}, where a Workspace is needed"
        spec.report("kind", ("kind",), message)
        raise SpecError(spec.issues)
    return resolve(spec)
