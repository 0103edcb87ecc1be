"""Where the base of images comes from. Builder and bootstrap are scripts."""

import os
import tarfile
from pathlib import Path

import pytest

from tests.tools.images.conftest import FolderStore, Machine
from tools import images
from tools.errors import ToolError
from tools.images import base, catalogue
from tools.images.catalogue import DEBIAN
from tools.images.workshop import home

# A tree with just what is looked at afterwards.
_MMDEBSTRAP = """\
echo "mmdebstrap $*" >>"$NOTES"
for arg; do case $arg in
/*) root=$arg;;
--aptopt=*) cat "${arg#*=}" >"$HOOKS/apt.conf";;
esac; done
mkdir -p "$root/etc/dpkg/dpkg.cfg.d" "$root/etc/apt/apt.conf.d" "$root/etc/apt/sources.list.d"
touch "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap" "$root/etc/apt/apt.conf.d/99mmdebstrap"
mkdir -p "$root/usr/share/doc/apt/examples" "$root/usr/share/man/man1" "$root/var/log"
echo page >"$root/usr/share/man/man1/apt.1"
ln -s ../apt "$root/usr/share/doc/libapt"
echo terms >"$root/usr/share/doc/apt/copyright"
echo "Types: deb" >"$root/usr/share/doc/apt/examples/debian.sources"
echo "deb http://the.mirror/debian trixie main" >"$root/etc/apt/sources.list"
echo "nameserver 192.0.2.1" >"$root/etc/resolv.conf"
echo host >"$root/etc/hostname"
echo long >"$root/var/log/bootstrap.log"
"""


@pytest.fixture
def closed(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine that no registry answers."""
    machine.hook("pull", "echo no such host >&2; exit 125\n")
    machine.program("mmdebstrap", _MMDEBSTRAP)
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(base, "_KEYRING", keyring)
    monkeypatch.setattr(base, "own_sources", lambda suite: [f"deb http://m.example/d {suite} main"])
    return machine


def kept() -> Path:
    return home() / f"debian-{DEBIAN.definition}.tar.gz"


def test_where_no_registry_answers_debian_is_bootstrapped_once(
    closed: Machine, store: FolderStore
) -> None:
    lines: list[str] = []
    images.ensure_loaded(store, ["pause"], lines.append)
    assert "making it from Debian's packages" in lines[0]
    (asked,) = (line for line in closed.asked if line.startswith("mmdebstrap"))
    assert f" --keyring={base._KEYRING} " in asked
    assert asked.endswith("/debian deb http://m.example/d trixie main")
    assert f"--build-arg=BASE={DEBIAN.reference}" in closed.asked[-2]
    images.ensure_loaded(store, ["pause", "tools"], lines.append)
    assert len([line for line in closed.asked if line.startswith("mmdebstrap")]) == 1
    assert len([line for line in closed.asked if " pull " in line]) == 1
    assert closed.leftovers == []


def test_the_base_keeps_debians_sources_and_nothing_of_the_host(
    closed: Machine, store: FolderStore, tmp_path: Path
) -> None:
    images.ensure_loaded(store, ["pause"], print)
    root = tmp_path / "root"
    with tarfile.open(kept()) as packed:
        packed.extractall(root, filter="data")
    files = {
        path.relative_to(root).as_posix(): path.read_text()
        for path in root.rglob("*")
        if path.is_file()
    }
    slim = files.pop("etc/dpkg/dpkg.cfg.d/slim")
    assert files == {
        "etc/apt/sources.list.d/debian.sources": "Types: deb\n",
        "etc/resolv.conf": "",
        "usr/share/doc/apt/copyright": "terms\n",
    }
    assert "path-exclude /usr/share/man/*\n" in slim
    assert "unsafe" not in slim


def test_this_hosts_way_to_its_mirrors_is_that_of_the_bootstrap(
    closed: Machine, store: FolderStore
) -> None:
    proxy = 'Acquire::http::Proxy "http://proxy.example:3128";'
    closed.program("apt-config", f"echo 'APT::Color \"1\";'; echo '{proxy}'\n")
    images.ensure_loaded(store, ["pause"], print)
    assert (closed.hooks / "apt.conf").read_text() == f"{proxy}\n"


def test_the_base_brings_what_dockerfiles_install_first() -> None:
    steps = [
        path.read_text().split("--no-install-recommends \\\n", 1)[1].split("\\", 1)[0].split()
        for path in catalogue.FOLDER.glob("*/Dockerfile")
        if "\nFROM ${BASE} AS build\n" in path.read_text()
    ]
    assert {" ".join(step) for step in steps} == {" ".join(base._FIRST_STEP)}


def test_a_mirror_that_fails_is_said_with_its_step(closed: Machine, store: FolderStore) -> None:
    closed.program("mmdebstrap", "echo E: Failed getting release file; exit 1\n")
    with pytest.raises(ToolError, match=r"^bootstrapping Debian trixie failed .*\nE: Failed get"):
        images.ensure_loaded(store, ["pause"], print)
    assert closed.leftovers == []
    assert not kept().exists()


def test_an_interrupted_bootstrap_is_not_taken_for_a_whole_one(
    closed: Machine, store: FolderStore
) -> None:
    script = 'for arg; do case $arg in --file=*) echo half >"${arg#*=}";; esac; done; exit 2\n'
    closed.program("tar", script)
    with pytest.raises(ToolError, match=r"^packing the base failed"):
        images.ensure_loaded(store, ["pause"], print)
    assert not kept().exists()


def test_docker_without_a_registry_needs_root_for_the_base(
    closed: Machine, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.program("docker", 'test "$1" != pull\n')
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ToolError, match=r"no registry gives debian:trixie-slim.* needs root"):
        images.ensure_loaded(store, ["pause"], print)
