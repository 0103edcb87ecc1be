"""Building the images that a cluster lacks, and loading them there."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from tools.errors import ToolError
from tools.images import base, builders, catalogue, host
from tools.images.builders import Builder, Say
from tools.images.workshop import Workshop, require_space, workshop

_BASE_SPACE_MB = 700


class Store(Protocol):
    """What holds the images of a cluster."""

    def has(self, reference: str) -> bool:
        """Whether the image is there."""

    def load(self, archive: Path) -> None:
        """Import an OCI archive under the names it carries."""


class Source(Protocol):
    """A store that images can be copied from: another cluster on this host."""

    def has(self, reference: str) -> bool:
        """Whether the image is there."""

    def export(self, reference: str, archive: Path) -> None:
        """Write an image as an OCI archive."""


def ensure_loaded(
    store: Store, names: Iterable[str], say: Say, sources: Sequence[Source] = ()
) -> dict[str, str]:
    """Build and load those of `names` that `store` lacks; the reference of each, by name.

    An image that one of `sources` has is copied from there instead. What was needed for building
    is removed in the end, also after a failure or an interrupt, except for the base that was
    bootstrapped where no registry answers: `debian-*.tar.gz` in the cache.

    Raises ToolError where an image is unknown, or where building fails, naming the step.
    """
    references = catalogue.refs()
    wanted = {name: references[_known(name)] for name in names}
    missing = [name for name, reference in wanted.items() if not store.has(reference)]
    if not missing:
        return wanted
    with workshop() as shop:
        archive = shop.folder / "image.tar"
        for name in list(missing):
            reference = wanted[name]
            source = next((source for source in sources if source.has(reference)), None)
            if source is not None:
                source.export(reference, archive)
                store.load(archive)
                archive.unlink()
                missing.remove(name)
                say(f"image {name}: copied from another cluster")

        def deliver(name: str, builder: Builder) -> str:
            started = time.monotonic()
            builder.save(wanted[name], archive)
            size_mb = archive.stat().st_size / 1e6
            store.load(archive)
            archive.unlink()
            return f"loaded in {time.monotonic() - started:.0f} s ({size_mb:.0f} MB)"

        if missing:
            build(shop, missing, deliver, say)
    return wanted


def build(
    shop: Workshop, names: Sequence[str], deliver: Callable[[str, Builder], str], say: Say
) -> None:
    """Build `names` and what they stand on, and hand each of `names` to `deliver` once it is made.

    `deliver` returns what it did, for the line of progress.
    """
    references = catalogue.refs()
    order = catalogue.build_order(catalogue.IMAGES, names)
    space = _BASE_SPACE_MB + sum(catalogue.IMAGES[name].space_mb for name in order)
    require_space(space, f"building {len(order)} images")
    builder = builders.find(shop, say)
    secrets = host.write_secrets(shop.path("secrets"), catalogue.DEBIAN.suite)
    try:
        started = time.monotonic()
        debian = base.provide(builder, shop, say)
        say(f"images stand on {debian} ({time.monotonic() - started:.0f} s)")
        for number, name in enumerate(order, 1):
            started = time.monotonic()
            below = catalogue.IMAGES[name].base
            on = debian if below is None else references[below]
            builder.build(references[name], _context(shop, name), on, secrets)
            done = f"built in {time.monotonic() - started:.0f} s"
            if name in names:
                done += f", {deliver(name, builder)}"
            say(f"image {name} ({number} of {len(order)}): {done}")
    finally:
        builder.clean()


def _context(shop: Workshop, name: str) -> Path:
    """The inputs of an image alone, with the same modes whatever the checkout's umask was."""
    context = shop.path(f"context-{name}")
    for file in catalogue.context(catalogue.IMAGES[name], catalogue.FOLDER):
        path = context / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(0o755 if file.executable else 0o644)
    return context


def _known(name: str) -> str:
    if name not in catalogue.IMAGES:
        raise ToolError(f"there is no image {name!r}", f"one of {', '.join(catalogue.IMAGES)}")
    return name
