"""A machine whose builders are small scripts, and a store that is a folder."""

import io
import json
import os
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tools.errors import ToolError

# Enough of buildah for one run: it notes what it is asked, and does what a test told it to.
_BUILDAH = """\
while [ "${1#--}" != "$1" ]; do
    case $1 in --storage-driver=*) driver=${1#*=};; esac
    shift
done
echo "$driver $*" >>"$NOTES"
test ! -x "$HOOKS/$1" || . "$HOOKS/$1"
for last; do :; done
case $1 in
bud)
    for arg; do case $arg in
    --tag=*) tag=${arg#*/};;
    --build-arg=BASE=*) base=${arg#*BASE=};;
    esac; done
    test -z "${base-}" || echo "${base#*/}" >"$NOTES.$tag";;
push)
    case $last in
    oci:*) exec python "$NOTES.py" "$last";;
    docker:*) for arg; do case $arg in --digestfile=*) echo sha256:abc >"${arg#*=}";; esac; done;;
    esac;;
esac
"""
# An image's layers are named by it and by what it stands on, as far as that was built here.
_PUSH = """\
import json, os, pathlib, sys

_, layout, reference = sys.argv[1].split(":", 2)
name, layers = reference.partition("/")[2], []
while name:
    layers.insert(0, {"digest": "sha256:layer-" + name.replace(":", "-")})
    below = pathlib.Path(os.environ["NOTES"] + "." + name)
    name = below.read_text().strip() if below.exists() else ""
blobs = pathlib.Path(layout, "blobs/sha256")
blobs.mkdir(parents=True)
for layer in layers:
    (blobs / layer["digest"].partition(":")[2]).touch()
(blobs / "config").touch()
manifest = {"config": {"digest": "sha256:config"}, "layers": layers}
(blobs / "manifest").write_text(json.dumps(manifest))
entry = {
    "digest": "sha256:manifest",
    "annotations": {"org.opencontainers.image.ref.name": reference},
}
pathlib.Path(layout, "index.json").write_text(json.dumps({"manifests": [entry]}))
pathlib.Path(layout, "oci-layout").touch()
"""
# What keeps mounts and processes together is proved end to end; here it needs no privilege.
_UNSHARE = 'while [ "${1#--}" != "$1" ]; do shift; done\nexec "$@"\n'


class Machine:
    """What the fake programs did, and what they are to do."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs"
        self.hooks = folder / "hooks"
        self.notes = folder / "notes"
        self.cache = folder / "cache"
        for made in (self.programs, self.hooks):
            made.mkdir()

    def program(self, name: str, script: str) -> None:
        """Put a program on PATH, before any other of its name."""
        path = self.programs / name
        path.write_text(f"#!/bin/sh\nset -eu\n{script}", encoding="utf-8")
        path.chmod(0o755)

    def hook(self, command: str, script: str) -> None:
        """Run this in the middle of a buildah command."""
        path = self.hooks / command
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """The lines that buildah noted: storage driver, command, arguments."""
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    @property
    def leftovers(self) -> list[Path]:
        """Work folders that are still there."""
        return list((self.cache / "easymaker" / "images").glob("work-*"))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A root's machine without Docker, whose registry gives the base."""
    folder = tmp_path / "machine"
    folder.mkdir()
    made = Machine(folder)
    made.program("buildah", _BUILDAH)
    made.notes.with_name("notes.py").write_text(_PUSH, encoding="utf-8")
    (made.programs / "python").symlink_to(sys.executable)
    made.program("unshare", _UNSHARE)
    made.program("docker", "exit 1\n")
    monkeypatch.setenv("PATH", f"{made.programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(made.cache))
    monkeypatch.setenv("NOTES", str(made.notes))
    monkeypatch.setenv("HOOKS", str(made.hooks))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return made


class FolderStore:
    """A store as a cluster is one; what is loaded are files of a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._blobs: set[str] = set()
        self.others: list[FolderStore] = []
        self.archives: list[Path] = []
        self.loaded: list[set[str]] = []
        """The layers that each archive brought."""

    def has(self, reference: str) -> bool:
        return self._file(reference).exists()

    def look(self) -> None:
        pass

    def neighbours(self) -> "list[FolderStore]":
        return self.others

    def blobs(self) -> set[str]:
        return set(self._blobs)

    def load(self, archive: Path) -> None:
        self.archives.append(archive)
        with tarfile.open(archive) as content:
            brought = {f"sha256:{Path(name).name}" for name in content.getnames() if "/" in name}
            for entry in _read(content, "index.json")["manifests"]:
                manifest = _read(content, f"blobs/sha256/{entry['digest'].partition(':')[2]}")
                layers = [layer["digest"] for layer in manifest["layers"]]
                if absent := set(layers) - brought - self._blobs:
                    raise ToolError(f"content not found: {absent}")
                name = entry["annotations"]["org.opencontainers.image.ref.name"]
                self._file(name).write_text(json.dumps(layers))
        self.loaded.append({digest for digest in brought if "layer-" in digest})
        self._blobs |= brought

    def export(self, references: Sequence[str], archive: Path) -> None:
        entries, files = [], {"oci-layout": ""}
        for number, reference in enumerate(references):
            layers = json.loads(self._file(reference).read_text())
            manifest = {
                "config": {"digest": "sha256:config"},
                "layers": [{"digest": digest} for digest in layers],
            }
            names = {"org.opencontainers.image.ref.name": reference}
            entries.append({"digest": f"sha256:manifest{number}", "annotations": names})
            files[f"blobs/sha256/manifest{number}"] = json.dumps(manifest)
            files |= {f"blobs/{digest.replace(':', '/')}": "" for digest in layers}
        files["index.json"] = json.dumps({"manifests": entries})
        with tarfile.open(archive, "w") as content:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                content.addfile(member, io.BytesIO(text.encode()))

    def _file(self, reference: str) -> Path:
        return self._folder / reference.replace("/", "_")


def _read(content: tarfile.TarFile, name: str) -> Any:
    file = content.extractfile(name)
    assert file is not None
    return json.loads(file.read())


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")
