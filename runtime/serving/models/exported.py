"""PyTorch: a file that torch.export.save wrote."""

from pathlib import Path
from typing import Any

from serving.errors import Unusable
from serving.models import network
from serving.models.model import Found, Model, Tensor

SUFFIX = ".pt2"
_DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "float16": "FP16",
    "bfloat16": "BF16",
    "float32": "FP32",
    "float64": "FP64",
    **{f"int{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
}


def find(folder: Path, _name: str) -> Found | None:
    """The one .pt2 file."""
    files = sorted(folder.glob("*" + SUFFIX))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise Unusable(f"found {names}; needed is one {SUFFIX} file")
    return (
        Found(f"the exported program {files[0].name}", lambda: _load(files[0])) if files else None
    )


def _load(file: Path) -> Model:
    import torch  # noqa: PLC0415 - the image's own framework

    program = torch.export.load(file)
    values = {node.name: node.meta.get("val") for node in program.graph.nodes}
    names = [name for name in program.graph_signature.user_inputs if isinstance(name, str)]
    outputs = [name for name in program.graph_signature.user_outputs if isinstance(name, str)]
    return network.Network(
        program.module().to(network.device()),
        "pytorch_export",
        [_tensor(name, values[name]) for name in names],
        [_tensor(name, values[name]) for name in outputs],
        [values[name].dtype for name in names],
    )


def _tensor(name: str, value: Any) -> Tensor:
    kind = str(value.dtype).removeprefix("torch.")
    # A size that was exported as dynamic is a symbol.
    shape = tuple(size if isinstance(size, int) else -1 for size in value.shape)
    return Tensor(name, _DATATYPES.get(kind, kind.upper()), shape)
