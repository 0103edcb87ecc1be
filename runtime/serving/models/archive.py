"""PyTorch: an archive of torch-model-archiver's, with its handler."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from serving.errors import Unusable
from serving.models import handler
from serving.models.model import Found, Model

MANIFEST = "MAR-INF/MANIFEST.json"
STORE = "model-store"
"""Where EasyMaker's samples put archives."""


def find(folder: Path, name: str) -> Found | None:
    """The one archive, or the one whose own name is the model's. A folder is an unpacked one."""
    places = [folder, folder / STORE]
    files = sorted(file for place in places for file in place.glob("*.mar"))
    if (folder / MANIFEST).is_file():
        files = [folder]
    if len(files) > 1:
        named = [file for file in files if read_manifest(file)["model"].get("modelName") == name]
        if len(named) != 1:
            names = ", ".join(str(file.relative_to(folder)) for file in files)
            raise Unusable(
                f"found {names}; needed is one archive, or one whose own name is model_name"
            )
        files = named
    if not files:
        return None
    file = files[0]
    what = "the unpacked archive" if file == folder else f"the archive {file.name}"
    return Found(what, lambda: load(file, name))


def load(file: Path, name: str) -> Model:
    """Unpack an archive and start its handler. Raises Unusable, and whatever the handler does."""
    manifest = read_manifest(file)
    own = manifest["model"].get("modelName", name)
    if own != name:
        raise Unusable(
            f"found {file.name}, which calls itself {own}; needed is {name}, or in the spec "
            f"the model's model_name: {own}"
        )
    code = manifest["model"].get("handler")
    if not isinstance(code, str) or not code:
        raise Unusable(f"found {file.name}, whose {MANIFEST} names no handler")
    return handler.start(unpacked(file), manifest, code)


def read_manifest(file: Path) -> dict[str, Any]:
    """MAR-INF/MANIFEST.json of an archive or of an unpacked one. Raises Unusable."""
    try:
        if file.is_dir():
            text = (file / MANIFEST).read_bytes()
        else:
            with zipfile.ZipFile(file) as archive:
                text = archive.read(MANIFEST)
        manifest = json.loads(text)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Unusable(
            f"found {file.name}, which can't be read as an archive of torch-model-archiver's "
            f"({error}); needed is a zip file with {MANIFEST}"
        ) from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("model"), dict):
        raise Unusable(f"found {file.name}, whose {MANIFEST} has no object called model")
    return manifest


def unpacked(file: Path) -> Path:
    """A folder with the archive's files, which stays as long as the container."""
    if file.is_dir():
        return file
    folder = Path(tempfile.mkdtemp(prefix="model-"))
    try:
        with zipfile.ZipFile(file) as archive:
            archive.extractall(folder)  # which leaves no path outside the folder
    except (zipfile.BadZipFile, EOFError) as error:
        raise Unusable(f"found {file.name}, which is damaged ({error})") from None
    return folder
