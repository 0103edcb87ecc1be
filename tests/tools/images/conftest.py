"""A machine whose builders are small scripts, and a store that is a folder."""

import os
from pathlib import Path

import pytest

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
push)
    case $last in
    oci-archive:*)
        file=${last#oci-archive:} && file=${file%%:*}
        test ! -e "$file"
        echo "$last" >"$file";;
    docker:*) for arg; do case $arg in --digestfile=*) echo sha256:abc >"${arg#*=}";; esac; done;;
    esac;;
esac
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
        self.archives: list[Path] = []

    def has(self, reference: str) -> bool:
        return self._file(reference).exists()

    def load(self, archive: Path) -> None:
        self.archives.append(archive)
        content = archive.read_text()
        # The fake builder writes what it was asked to write: its target, which names the image.
        self._file(content.strip().partition(f"{archive}:")[2]).write_text(content)

    def export(self, reference: str, archive: Path) -> None:
        archive.write_text(f"oci-archive:{archive}:{reference}\n")

    def _file(self, reference: str) -> Path:
        return self._folder / reference.replace("/", "_")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")
