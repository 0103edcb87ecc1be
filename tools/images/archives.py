"""Archives of images: one or several in OCI image layout, in a tar file."""

import io
import json
import tarfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

_NAME = "org.opencontainers.image.ref.name"


def pack(layout: Path, archive: Path, present: Collection[str]) -> None:
    """Write the one image of a layout as an archive, without the layers that its reader has."""
    index = _read(layout, "index.json")
    (entry,) = index["manifests"]
    manifest = _read(layout, _blob(entry["digest"]))
    layers = [layer["digest"] for layer in manifest["layers"]]
    wanted = [entry["digest"], manifest["config"]["digest"]]
    wanted += [digest for digest in dict.fromkeys(layers) if digest not in present]
    with tarfile.open(archive, "w") as content:
        for name in ("oci-layout", "index.json", *map(_blob, wanted)):
            content.add(layout / name, name)


def rename(archive: Path, reference: str) -> None:
    """Give an archive's one image a name that builders understand as a whole."""
    with tarfile.open(archive) as content:
        file = content.extractfile("index.json")
        index = json.loads(file.read()) if file else {}
    (entry,) = index["manifests"]
    entry["annotations"] = {_NAME: reference}
    text = json.dumps(index).encode()
    member = tarfile.TarInfo("index.json")
    member.size = len(text)
    # Of two files with one name in an archive, the later one counts.
    with tarfile.open(archive, "a") as content:
        content.addfile(member, io.BytesIO(text))


def _read(layout: Path, name: str) -> Any:
    return json.loads((layout / name).read_text(encoding="utf-8"))


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
