"""The Debian that images start from: pulled where a registry answers, else bootstrapped."""

import os
import shutil
from pathlib import Path

from tools.debian import require_packages
from tools.errors import ToolError
from tools.images.builders import Builder, Say
from tools.images.catalogue import DEBIAN
from tools.images.host import own_apt_settings, own_sources
from tools.images.workshop import ISOLATED, Workshop, home

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_DOCKERFILE = 'FROM scratch\nADD base.tar.gz /\nCMD ["/bin/bash"]\n'
# Left out as in Debian's own slim image, here and by what is installed later.
_EXCLUDED = ("usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man")
_SLIM = "".join(f"path-exclude /{folder}/*\n" for folder in _EXCLUDED) + (
    "path-include /usr/share/doc/*/copyright\n"
)
_FIRST_STEP = ("busybox-static", "ca-certificates", "python3-pip", "python3-venv")
"""What the first step of the Dockerfiles installs: here it costs a third of the time."""
# The sources that every Debian image has, as the package of apt itself gives them.
_SOURCES = "usr/share/doc/apt/examples/debian.sources"


def provide(builder: Builder, workshop: Workshop, say: Say) -> str:
    """The reference of the base in `builder`.

    A bootstrapped one is kept in the cache as `debian-<definition>.tar.gz`; it may be deleted.
    """
    kept = home() / f"debian-{DEBIAN.definition}.tar.gz"
    if not kept.is_file():
        if builder.pull(DEBIAN.pulled):
            return DEBIAN.pulled
        say(f"no registry gave {DEBIAN.pulled}: making it from Debian's packages")
        _bootstrap(kept, workshop, say)
    context = workshop.path("base")
    shutil.copyfile(kept, context / "base.tar.gz")
    (context / "Dockerfile").write_text(_DOCKERFILE, encoding="utf-8")
    builder.build(DEBIAN.reference, context, None, {})
    shutil.rmtree(context)
    return DEBIAN.reference


def _bootstrap(kept: Path, workshop: Workshop, say: Say) -> None:
    if os.geteuid() != 0:
        raise ToolError(
            f"no registry gives {DEBIAN.pulled}, and making it here needs root",
            "run it as root, or let this machine reach a registry",
        )
    if shutil.which("mmdebstrap") is None or not _KEYRING.is_file():
        require_packages(["mmdebstrap", "debian-archive-keyring"], "the base of images", say)
    root = workshop.folder / "debian"
    settings = workshop.folder / "apt.conf"
    settings.write_text(own_apt_settings(), encoding="utf-8")
    argv = [
        "mmdebstrap", "--mode=root", "--format=directory", f"--variant={DEBIAN.variant}",
        f"--include={','.join(_FIRST_STEP)}", f"--keyring={_KEYRING}", f"--aptopt={settings}",
        # An interrupted bootstrap is thrown away, so nothing need wait for the disk.
        "--dpkgopt=force-unsafe-io",
        DEBIAN.suite, str(root),
        # Without a mirror it takes Debian's own.
        *own_sources(DEBIAN.suite),
    ]  # fmt: skip
    workshop.run(f"bootstrapping Debian {DEBIAN.suite}", [*ISOLATED, *argv])
    _tidy(root)
    archive = workshop.folder / "base.tar.gz"
    workshop.run(
        "packing the base",
        ["tar", "--create", "--numeric-owner", "--use-compress-program=gzip -1",
         f"--directory={root}", f"--file={archive}", "--exclude=./dev/*", "."],
    )  # fmt: skip
    shutil.rmtree(root)
    # A rename, so that an interrupted run leaves no half of one.
    archive.replace(kept)


def _tidy(root: Path) -> None:
    """Take out what came from this host or only bootstrapping needed."""
    (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(_SLIM, encoding="utf-8")
    for settings in ("etc/dpkg/dpkg.cfg.d", "etc/apt/apt.conf.d"):
        (root / settings / "99mmdebstrap").unlink()
    (root / "etc/apt/sources.list").unlink()
    (root / _SOURCES).rename(root / "etc/apt/sources.list.d/debian.sources")
    for name in ("resolv.conf", "hostname"):
        (root / "etc" / name).unlink(missing_ok=True)
    (root / "etc/resolv.conf").touch()
    for folder in ("var/cache/apt", "var/lib/apt/lists", "var/log"):
        for path in (root / folder).rglob("*"):
            if path.is_file():
                path.unlink()
    for folder in _EXCLUDED:
        for path in (root / folder).rglob("*"):
            if path.is_symlink() or (path.is_file() and path.name != "copyright"):
                path.unlink()
