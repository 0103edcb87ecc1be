"""An image of one file, made without a builder."""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path
from typing import Any

_MACHINES = {"x86_64": ("amd64", 183), "aarch64": ("arm64", 62), "arm64": ("arm64", 62)}
"""This machine's processor as images call it, and the other one as programs do."""
_ARCHITECTURE, _OTHER = _MACHINES[platform.machine()]
FOREIGN_PROGRAM = (
    b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + b"\x02\0" + bytes((_OTHER, 0, 1, 0, 0, 0)) + bytes(40)
)
"""The head of a program for another processor than this machine's."""


def write_image(archive: Path, reference: str, path: str, content: bytes) -> None:
    """Write an OCI archive of an image with one program, for the processor of this machine."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as files:
        _add(files, path, content, 0o755)
    blobs: dict[str, bytes] = {}

    def kept(data: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        media = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(data)}

    def kept_json(data: dict[str, Any], kind: str) -> dict[str, Any]:
        return kept(json.dumps(data).encode(), f"{kind}.v1+json")

    rootfs = kept(layer.getvalue(), "layer.v1.tar")
    config = {
        "architecture": _ARCHITECTURE,
        "os": "linux",
        "config": {"Env": ["PATH=/usr/bin"], "Entrypoint": [f"/{path}"]},
        "rootfs": {"type": "layers", "diff_ids": [rootfs["digest"]]},
    }
    manifest = {"schemaVersion": 2, "config": kept_json(config, "config"), "layers": [rootfs]}
    found = kept_json(manifest, "manifest")
    found["annotations"] = {
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference,
    }
    index = {"schemaVersion": 2, "manifests": [found]}
    with tarfile.open(archive, "w") as out:
        _add(out, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        _add(out, "index.json", json.dumps(index).encode())
        for name, data in blobs.items():
            _add(out, name, data)


def _add(files: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    files.addfile(member, io.BytesIO(content))
