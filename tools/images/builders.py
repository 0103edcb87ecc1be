"""What builds images: a Docker engine where one answers, else buildah."""

import os
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tools.debian import require_packages
from tools.errors import ToolError
from tools.images import archives
from tools.images.workshop import ISOLATED, Workshop
from tools.process import run

Say = Callable[[str], None]
# Buildah starts itself anew from a sealed copy in memory. The kernel refuses the seal while pages
# of the copy are still in use, which a busy machine brings about now and then.
_UNSEALED = "sealing memfd copy: Device or resource busy"
_SEAL_RETRIES = 5
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Builder(Protocol):
    """Builds images in a workshop. Each call raises ToolError with the step that failed."""

    takes: bool
    """Whether building goes on from images of a store, see `take`."""

    def pull(self, reference: str) -> bool:
        """Whether a registry gave the image."""

    def build(
        self, reference: str, context: Path, base: str | None, secrets: Mapping[str, Path]
    ) -> None:
        """Build the Dockerfile of `context`, on `base` if it has one."""

    def take(self, reference: str, archive: Path) -> None:
        """Have the image of an archive as if it had been built."""

    def save(self, reference: str, archive: Path, present: Collection[str]) -> None:
        """Write a built image as one archive file that `ctr images import` reads.

        The layers that its reader has (`present`, digests) may be missing from it.
        """

    def push(self, reference: str, target: str, *, plain_http: bool) -> str:
        """Push a built image as `target` (REGISTRY/NAME:TAG) and return its digest."""

    def clean(self) -> None:
        """Forget the images built; what is in the workshop goes with it."""


def find(workshop: Workshop, say: Say) -> Builder:
    """The builder that works here.

    Raises ToolError where there is none: no Docker engine answers, and not root on Linux.
    """
    if _docker_answers():
        return Docker(workshop)
    if os.geteuid() != 0:
        raise ToolError(
            "building images needs root, or a Docker engine that this user may use",
            "run it as root, or start Docker",
        )
    if shutil.which("buildah") is None:
        require_packages(["buildah"], "building images", say)
    return Buildah(workshop)


class Buildah:
    """Buildah with a storage of its own in the workshop; steps run in a chroot."""

    takes = True

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._argv = self._command("overlay")
        try:
            self._run("preparing a storage for images", "images")
        except ToolError:
            # Overlay mounts are not to be had on every file system; copies are.
            shutil.rmtree(workshop.path("storage"))
            self._argv = self._command("vfs")
            self._run("preparing a storage for images", "images")

    def _command(self, driver: str) -> list[str]:
        storage, running = self._workshop.path("storage"), self._workshop.path("running")
        where = [f"--root={storage}", f"--runroot={running}", f"--storage-driver={driver}"]
        return [*ISOLATED, "buildah", *where]

    def _run(self, step: str, *args: str | Path) -> None:
        env = {"TMPDIR": str(self._workshop.path("tmp"))}
        for _ in range(_SEAL_RETRIES):
            try:
                return self._workshop.run(step, [*self._argv, *args], env)
            except ToolError as error:
                if _UNSEALED not in str(error):
                    raise
        return self._workshop.run(step, [*self._argv, *args], env)

    def pull(self, reference: str) -> bool:
        try:
            self._run(f"pulling {reference}", "pull", "--quiet", "--retry=0", reference)
        except ToolError:
            return False
        return True

    def build(
        self, reference: str, context: Path, base: str | None, secrets: Mapping[str, Path]
    ) -> None:
        self._run(
            f"building {reference}", "bud", "--isolation=chroot", "--layers", "--pull=false",
            f"--tag={reference}", *_build_options(base, secrets), context,
        )  # fmt: skip

    def take(self, reference: str, archive: Path) -> None:
        archives.rename(archive, reference)
        self._run(f"reading {reference}", "pull", "--quiet", f"oci-archive:{archive}")

    def save(self, reference: str, archive: Path, present: Collection[str]) -> None:
        layout = self._workshop.path(f"layout-{archive.stem}")
        # Quick to write and read, and the same layer always comes out with the same digest.
        options = ["--format=oci", "--compression-format=zstd", "--compression-level=1"]
        self._run(f"saving {reference}", "push", *options, reference, f"oci:{layout}:{reference}")
        archives.pack(layout, archive, present)
        shutil.rmtree(layout)

    def push(self, reference: str, target: str, *, plain_http: bool) -> str:
        digest = self._workshop.folder / f"digest-{target.replace('/', '-')}"
        options = ["--format=oci", f"--digestfile={digest}"]
        if plain_http:
            options.append("--tls-verify=false")
        self._run(f"pushing {target}", "push", *options, reference, f"docker://{target}")
        return digest.read_text(encoding="ascii").strip()

    def clean(self) -> None:
        pass  # all of it is in the workshop


class Docker:
    """The Docker engine of this host; its own layer cache stays, as always with it."""

    takes = False

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._built: list[str] = []

    def pull(self, reference: str) -> bool:
        try:
            self._workshop.run(f"pulling {reference}", ["docker", "pull", reference])
        except ToolError:
            return False
        return True

    def build(
        self, reference: str, context: Path, base: str | None, secrets: Mapping[str, Path]
    ) -> None:
        # These are known to every build, and no layer keeps them.
        proxies = [f"--build-arg={name}" for name in _PROXIES if os.environ.get(name)]
        self._workshop.run(
            f"building {reference}",
            ["docker", "build", f"--tag={reference}", *proxies,
             *_build_options(base, secrets), context],
            {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
        )  # fmt: skip
        self._built.append(reference)

    def take(self, reference: str, archive: Path) -> None:
        self._workshop.run(f"reading {reference}", ["docker", "load", f"--input={archive}"])

    def save(self, reference: str, archive: Path, present: Collection[str]) -> None:
        del present  # The engine writes whole images only.
        self._workshop.run(
            f"saving {reference}", ["docker", "save", f"--output={archive}", reference]
        )

    def push(self, reference: str, target: str, *, plain_http: bool) -> str:
        del plain_http  # The engine knows from its own settings which registries have no TLS.
        self._workshop.run(f"pushing {target}", ["docker", "tag", reference, target])
        self._built.append(target)
        self._workshop.run(f"pushing {target}", ["docker", "push", target])
        pushed = run(["docker", "inspect", '--format={{join .RepoDigests "\\n"}}', target])
        repository = target.rpartition(":")[0]
        for line in pushed.split():
            name, _, digest = line.partition("@")
            if name == repository:
                return digest
        raise ToolError(f"docker names no digest of {target} after pushing it")

    def clean(self) -> None:
        if self._built:
            # What the run came to matters more than what stays of it.
            with suppress(ToolError):
                run(["docker", "image", "rm", "--force", *self._built])


def _build_options(base: str | None, secrets: Mapping[str, Path]) -> list[str]:
    arguments = [] if base is None else [f"--build-arg=BASE={base}"]
    return [*arguments, *(f"--secret=id={name},src={path}" for name, path in secrets.items())]


def _docker_answers() -> bool:
    try:
        done = subprocess.run(
            ["docker", "version", "--format={{.Server.Version}}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
