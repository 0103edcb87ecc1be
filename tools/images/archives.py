"""Archives of images: one or several in OCI image layout, in a tar file."""

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


def unpack(archive: Path, layout: Path, reference: str) -> str:
    """Make a layout of an archive's one image, under that name; the id that storages give it."""
    with tarfile.open(archive) as content:
        content.extractall(layout, filter="data")
    index = _read(layout, "index.json")
    (entry,) = index["manifests"]
    entry["annotations"] = {_NAME: reference}
    (layout / "index.json").write_text(json.dumps(index), encoding="utf-8")
    image: str = _read(layout, _blob(entry["digest"]))["config"]["digest"]
    return image.partition(":")[2]


def _read(layout: Path, name: str) -> Any:
    return json.loads((layout / name).read_text(encoding="utf-8"))


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
