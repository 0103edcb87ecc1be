"""PyTorch without an archive: weights with model.py and handler.py, requirements.txt and extra/."""

import tempfile
from pathlib import Path

from serving.errors import Unusable
from serving.models import handler, network, packages
from serving.models.model import Found, Model

HANDLER, MODEL, REQUIREMENTS, EXTRA = "handler.py", "model.py", "requirements.txt", "extra"
SUFFIXES = (".pt", ".pth", ".bin")


def find(folder: Path, name: str) -> Found | None:
    """Where handler.py or model.py is."""
    if (folder / HANDLER).is_file():
        return Found(HANDLER, lambda: _with_handler(folder, name))
    if (folder / MODEL).is_file():
        file = weights(folder)
        if file is None:
            raise Unusable(
                f"found {MODEL} and not one file of weights; needed is one that ends in "
                f"{', '.join(SUFFIXES)}, or {HANDLER}"
            )
        return Found(f"{MODEL} with {file.name}", lambda: _without_handler(folder, file))
    return None


def weights(folder: Path) -> Path | None:
    """The file of weights: the only one, or the one that is called model."""
    files = [path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES]
    preferred = [file for file in files if file.stem == "model"] or files
    return preferred[0] if len(preferred) == 1 else None


def _with_handler(folder: Path, name: str) -> Model:
    described = {"modelName": name, "handler": HANDLER}
    found = weights(folder)
    if found:
        described["serializedFile"] = found.name
    if (folder / MODEL).is_file():
        described["modelFile"] = MODEL
    if (folder / REQUIREMENTS).is_file():
        described["requirementsFile"] = REQUIREMENTS
    return handler.start(laid_out(folder), {"model": described}, HANDLER)


def _without_handler(folder: Path, file: Path) -> Model:
    if (folder / REQUIREMENTS).is_file():
        packages.install(folder / REQUIREMENTS)
    return network.of_state(laid_out(folder), MODEL, file)


def laid_out(folder: Path) -> Path:
    """The files as an archive of them would have them: what is in extra/ lies beside the rest."""
    made = Path(tempfile.mkdtemp(prefix="model-"))
    files = [*sorted(folder.iterdir()), *sorted(folder.glob(f"{EXTRA}/*"))]
    for file in files:
        link = made / file.name
        if not link.is_symlink():
            link.symlink_to(file.resolve())
    return made
