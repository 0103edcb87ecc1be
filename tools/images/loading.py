"""Building the images that a cluster lacks, and loading them there."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Protocol, runtime_checkable

from tools.errors import ToolError
from tools.images import base, builders, catalogue, host
from tools.images.builders import Builder, Say
from tools.images.workshop import Workshop, alone, require_space, workshop

_BASE_SPACE_MB = 700
_AT_ONCE = 2
"""So many images are built at a time: while one downloads or is packed, another computes."""


@runtime_checkable
class Source(Protocol):
    """A store that images can be copied from."""

    def has(self, reference: str) -> bool:
        """Whether the image is there."""

    def export(self, references: Sequence[str], archive: Path) -> None:
        """Write images as one OCI archive, in which they share their layers."""


class Store(Protocol):
    """What holds the images of a cluster."""

    def look(self) -> None:
        """Look anew at what is there: another program may have loaded something."""

    def neighbours(self) -> Sequence[Source]:
        """The stores of other clusters on this machine."""

    def has(self, reference: str) -> bool:
        """Whether the image is there."""

    def blobs(self) -> Collection[str]:
        """The digests of the layers that it has; archives may come without these."""

    def load(self, archive: Path) -> None:
        """Import an OCI archive under the names it carries."""


def ensure_loaded(
    store: Store,
    names: Iterable[str],
    say: Say,
    arrived: Callable[[Sequence[str]], None] = lambda _: None,
) -> dict[str, str]:
    """Build and load those of `names` that `store` lacks; the reference of each, by name.

    An image that another cluster of this machine has is copied from there instead, and building
    goes on from what the store has of the images below. Those get loaded too: they add a name and
    no layer. `arrived` is told the names of what is there now: first of what was there before, then
    as it comes, from several threads.
    What was needed for building is removed in the end, also after a failure or an interrupt,
    except for the base that was bootstrapped where no registry answers: `debian-*.tar.gz` in the
    cache.

    Raises ToolError where an image is unknown, or where building fails, naming the step.
    """
    references = catalogue.refs()
    wanted = {name: references[_known(name)] for name in names}
    missing = [name for name, reference in wanted.items() if not store.has(reference)]
    if present := [name for name in wanted if name not in missing]:
        arrived(present)
    if not missing:
        return wanted
    with workshop() as shop:

        def copy(names: list[str]) -> list[str]:
            """Copy what other clusters have of these; what they lack too."""
            archive = shop.folder / "copied.tar"
            for source in store.neighbours():
                if found := [name for name in names if source.has(wanted[name])]:
                    source.export([wanted[name] for name in found], archive)
                    store.load(archive)
                    archive.unlink()
                    names = [name for name in names if name not in found]
                    say(f"copied from another cluster: {', '.join(found)}")
                    arrived(found)
            return names

        def deliver(name: str, builder: Builder) -> str:
            started = time.monotonic()
            archive = shop.folder / f"{name}.tar"
            size_mb = _load(store, builder, references[name], archive) / 1e6
            loading = time.monotonic() - started
            arrived([name])
            return f"loaded in {loading:.0f} s ({size_mb:.0f} MB)"

        if missing := copy(missing):
            # Whoever builds at this moment may build the same.
            with alone(lambda: say("waiting for another build of images")):
                store.look()
                if missing := copy([name for name in missing if not store.has(wanted[name])]):
                    build(shop, missing, deliver, say, store)
    return wanted


def _load(store: Store, builder: Builder, reference: str, archive: Path) -> int:
    """Bring a built image into the store, as few layers as will do; the size of the archive."""
    present = store.blobs()
    builder.save(reference, archive, present)
    try:
        store.load(archive)
    except ToolError:
        if not present:
            raise
        # The store may have thrown away in between what no image needed.
        builder.save(reference, archive, ())
        store.load(archive)
    size = archive.stat().st_size
    archive.unlink()
    return size


def build(
    shop: Workshop,
    names: Sequence[str],
    deliver: Callable[[str, Builder], str],
    say: Say,
    store: Store | None = None,
) -> None:
    """Build `names` and what they stand on, and hand each image to `deliver` once it is made.

    What `store` has of the images below is taken from there, if the builder can do that.
    `deliver` returns what it did, for the line of progress; it is called from several threads.
    """
    builder = builders.find(shop, say)
    references = catalogue.refs()
    held: set[str] = set()
    if builder.takes and isinstance(store, Source):
        held = {name for name, ref in references.items() if name not in names and store.has(ref)}
    order = catalogue.build_order(catalogue.IMAGES, names, held)
    space = _BASE_SPACE_MB + sum(catalogue.IMAGES[name].space_mb for name in order)
    require_space(space, f"building {len(order)} images")
    secrets = host.write_secrets(shop.path("secrets"), catalogue.DEBIAN.suite)
    made: dict[str, Future[None]] = {}
    try:
        debian = ""
        if any(catalogue.IMAGES[name].base is None and name not in held for name in order):
            started = time.monotonic()
            debian = base.provide(builder, shop, say)
            say(f"images stand on {debian} ({time.monotonic() - started:.0f} s)")

        def make(name: str) -> None:
            for earlier in _before(name, order, held):
                made[earlier].result()
            started = time.monotonic()
            if name in held and isinstance(store, Source):
                archive = shop.folder / f"{name}.tar"
                store.export([references[name]], archive)
                builder.take(references[name], archive)
                archive.unlink()
                done = f"is there, read in {time.monotonic() - started:.0f} s"
            else:
                below = catalogue.IMAGES[name].base
                on = debian if below is None else references[below]
                builder.build(references[name], _context(shop, name), on, secrets)
                done = f"built in {time.monotonic() - started:.0f} s, {deliver(name, builder)}"
            say(f"image {name} ({order.index(name) + 1} of {len(order)}): {done}")

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                made.update((name, pool.submit(make, name)) for name in order)
                for future in as_completed(made.values()):
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                shop.stop()
                raise
    finally:
        builder.clean()


def _before(name: str, order: Sequence[str], held: Collection[str]) -> list[str]:
    """The images to wait for: what it stands on, or the first one that stands on Debian too.

    Dockerfiles on Debian begin with the same step, and that first one builds it for all of them.
    """
    if name in held:
        return []
    base = catalogue.IMAGES[name].base
    if base is not None:
        return [base]
    first = next(n for n in order if catalogue.IMAGES[n].base is None and n not in held)
    return [] if name == first else [first]


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
