"""PyTorch: a TorchScript file, which holds code and weights."""

import zipfile
from pathlib import Path

from serving.errors import Unusable
from serving.models import network
from serving.models.model import Found, Model
from serving.models.project import SUFFIXES


def find(folder: Path, _name: str) -> Found | None:
    """The one TorchScript file among .pt, .pth and .bin."""
    files = [path for path in sorted(folder.glob("*")) if path.suffix in SUFFIXES]
    scripts = [file for file in files if is_script(file)]
    if len(scripts) > 1:
        names = ", ".join(file.name for file in scripts)
        raise Unusable(f"found {names}; needed is one TorchScript file")
    if files and not scripts:
        raise Unusable(
            f"found {files[0].name}, which holds weights and no code; needed beside it is "
            "model.py or handler.py, or a TorchScript file (torch.jit.script) in its place"
        )
    return (
        Found(f"the TorchScript file {scripts[0].name}", lambda: _load(scripts[0]))
        if scripts
        else None
    )


def is_script(file: Path) -> bool:
    """Whether a file is TorchScript; a file of weights alone is a zip file without code."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = [name.split("/", 1)[-1] for name in archive.namelist()]
    except (OSError, zipfile.BadZipFile):
        return False
    return "constants.pkl" in parts and any(part.startswith("code/") for part in parts)


def _load(file: Path) -> Model:
    import torch  # noqa: PLC0415 - the image's own framework

    module = torch.jit.load(str(file), map_location=network.device())
    return network.Network(module.eval(), "pytorch_torchscript")
