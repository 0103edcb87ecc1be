"""Which images there are, and the name that each has while its inputs are what they are.

An image is a folder of `runtime/images` with a Dockerfile, and one line in `IMAGES`.
Code that it runs is a folder of `runtime` beside that.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path

REPOSITORY = "easymaker.local"
"""The first part of every reference; no registry has this name, so nothing is ever pulled."""
FOLDER = Path(__file__).resolve().parents[2] / "runtime" / "images"


@dataclass(frozen=True)
class Debian:
    """The base that images start from where their catalogue line names none."""

    suite: str
    variant: str
    recipe: int
    """To be raised when `tools.images.base` makes it differently, so that it is made again."""

    @property
    def pulled(self) -> str:
        """What a registry has of it; the default of `ARG BASE` in the Dockerfiles."""
        return f"debian:{self.suite}-slim"

    @property
    def reference(self) -> str:
        """What it is called when it is made here."""
        return f"{REPOSITORY}/debian:{self.definition}"

    @property
    def definition(self) -> str:
        """Tells one definition from another; what a mirror holds on a day is not part of it."""
        return digest([b"debian", *(str(value).encode() for value in astuple(self))])


@dataclass(frozen=True)
class Image:
    """One image: `runtime/images/<name>`, built on Debian or on another of the images."""

    name: str
    space_mb: int
    """Disk space in MB that building and loading it takes at most."""
    base: str | None = None
    published: bool = True
    """Whether a real cluster needs it: `emctl images push` leaves the others out."""
    code: tuple[str, ...] = ()
    """Folders of `runtime` that its build context has under their names."""


DEBIAN = Debian(suite="trixie", variant="minbase", recipe=1)
IMAGES = {
    image.name: image
    for image in (
        Image("pause", space_mb=50, published=False),
        Image("tools", space_mb=450),
        Image("gateway", space_mb=900),
        Image("s3", space_mb=800),
        Image("python", space_mb=1300),
        Image("tensorflow", space_mb=4500, base="python"),
        Image("tensorflow-keras3", space_mb=50, base="tensorflow"),
        Image("pytorch", space_mb=4000),
        Image("tensorboard", space_mb=800, code=("board",)),
        Image("serving-tensorflow", space_mb=100, base="tensorflow", code=("serving",)),
        Image("serving-pytorch", space_mb=100, base="pytorch", code=("serving",)),
        Image("serving-sklearn", space_mb=100, base="python", code=("serving",)),
        Image("serving-front", space_mb=600, code=("serving",)),
        Image("notebook-python", space_mb=1200, base="python", code=("notebook",)),
        Image("notebook-tensorflow", space_mb=1200, base="tensorflow", code=("notebook",)),
        Image("notebook-pytorch", space_mb=1200, base="pytorch", code=("notebook",)),
    )
}


@dataclass(frozen=True)
class Input:
    """One file of a build context: path relative to it, whether it is executable, content."""

    path: str
    executable: bool
    content: bytes


def refs() -> dict[str, str]:
    """The reference of every image, by its name: `easymaker.local/tools:0123456789ab`.

    The tag is a hash of the image's inputs: the files of its folder and of its code (name, content,
    executable or not), the base's definition or the hash of the image that it stands on.
    """
    return references(IMAGES, FOLDER)


def references(images: Mapping[str, Image], folder: Path) -> dict[str, str]:
    """`refs` of any catalogue."""
    hashes: dict[str, str] = {}

    def hash_of(image: Image) -> str:
        if image.name not in hashes:
            base = DEBIAN.definition if image.base is None else hash_of(images[image.base])
            parts = [base.encode()]
            for file in context(image, folder):
                parts += [file.path.encode(), b"x" if file.executable else b"-", file.content]
            hashes[image.name] = digest(parts)
        return hashes[image.name]

    return {name: f"{REPOSITORY}/{name}:{hash_of(image)}" for name, image in images.items()}


def names_of(wanted: Iterable[str]) -> list[str]:
    """Which of the images these references are, in the catalogue's order; others are passed over.

    A reference to an image whose inputs have changed since is none of them.
    """
    asked = set(wanted)
    return [name for name, reference in refs().items() if reference in asked]


def context(image: Image, folder: Path) -> list[Input]:
    """The files that an image is built from, in the order of their paths.

    `folder` is the one of all images, and the code's folders are its siblings.
    """
    found = inputs(folder / image.name)
    for name in image.code:
        found += [
            replace(file, path=f"{name}/{file.path}") for file in inputs(folder.parent / name)
        ]
    return sorted(found, key=lambda file: file.path)


def inputs(folder: Path) -> list[Input]:
    """The files of a folder, in the order of their paths.

    Hidden files, editors' copies and byte code are none: they come and go unasked.
    """
    found = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        passed_over = any(
            part.startswith(".") or part.endswith("~") or part == "__pycache__"
            for part in relative.parts
        )
        if not passed_over and path.is_file():
            executable = bool(path.stat().st_mode & 0o100)
            found.append(Input(relative.as_posix(), executable, path.read_bytes()))
    return sorted(found, key=lambda file: file.path)


def build_order(
    images: Mapping[str, Image], names: Iterable[str], held: Collection[str] = ()
) -> list[str]:
    """`names` and the images that they stand on, each after its base.

    What those stand on that are `held` already is not needed.
    """
    order: list[str] = []

    def add(name: str) -> None:
        base = images[name].base
        if base is not None and name not in held:
            add(base)
        if name not in order:
            order.append(name)

    for name in names:
        add(name)
    return order


def digest(parts: Iterable[bytes]) -> str:
    """Twelve hexadecimal digits that tell sequences of parts apart."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(f"{len(part)}:".encode())
        hashed.update(part)
    return hashed.hexdigest()[:12]
