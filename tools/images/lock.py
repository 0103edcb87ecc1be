"""Lock files: the part `built_images` of a platform, which spec files include."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from tools.errors import ToolError
from tools.images import catalogue

LOCAL = Path(__file__).resolve().parents[2] / "stacks" / "platform" / "images-local.yaml"
"""The committed lock of the local cluster's images."""


def local() -> str:
    """The text of `LOCAL` as the inputs are now."""
    return text(published(catalogue.refs()), "emctl images lock")


def published(references: Mapping[str, str]) -> dict[str, str]:
    """Those of `references` (by image name) that specs may name."""
    return {name: ref for name, ref in references.items() if catalogue.IMAGES[name].published}


def text(references: Mapping[str, str], command: str) -> str:
    """A lock file of `references`, by image name, that names the command which writes it."""
    body = {"platform": {"built_images": dict(sorted(references.items()))}}
    return f"# Written by `{command}`; do not edit.\n" + yaml.safe_dump(body, width=200)


def write(path: Path, content: str) -> bool:
    """Write a lock file; whether that changed it."""
    if path.is_file() and path.read_text(encoding="utf-8") == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return True


def check(path: Path, content: str) -> None:
    """Raise ToolError where the lock file isn't what it would be written as now."""
    found = path.read_text(encoding="utf-8") if path.is_file() else ""
    if found == content:
        return
    stale = sorted(set(content.splitlines()) ^ set(found.splitlines()))
    names = sorted({line.split(":")[0].strip() for line in stale if line.startswith("    ")})
    raise ToolError(
        f"{path} is not what the images' inputs give now: {', '.join(names) or 'the whole file'}",
        "write it anew with `emctl images lock`",
    )
