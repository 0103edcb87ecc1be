"""PyTorch modules that are called directly: tensors in, tensors out."""

import importlib
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serving import cpus
from serving.backend import Call
from serving.errors import Refused, Unusable
from serving.models.model import Tensor
from serving.models.plain import plain


def device() -> Any:
    """The GPU if there is one."""
    import torch  # noqa: PLC0415 - the image's own framework

    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def of_state(folder: Path, code: str, file: Path) -> "Network":
    """A module made by the one class of `code` that needs no arguments, with weights from `file`.

    Raises Unusable, and whatever the code does.
    """
    import torch  # noqa: PLC0415

    sys.path.insert(0, str(folder))
    module = importlib.import_module(code.removesuffix(".py"))
    kinds: list[Any] = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and issubclass(kind, torch.nn.Module)
    ]
    if len(kinds) != 1:
        names = ", ".join(kind.__name__ for kind in kinds) or "none"
        raise Unusable(
            f"found these modules in {code}: {names}; needed is one subclass of torch.nn.Module, "
            "or a handler.py that puts them together"
        )
    network = kinds[0]()
    network.load_state_dict(torch.load(file, map_location=device()))
    return Network(network.to(device()).eval(), "pytorch_state_dict")


class Network:
    """Answers with what a module's call returns."""

    def __init__(
        self,
        call: Any,
        platform: str,
        inputs: Sequence[Tensor] = (),
        outputs: Sequence[Tensor] = (),
        dtypes: Sequence[Any] = (),
    ) -> None:
        """`dtypes` are those of the inputs, where they are known."""
        import torch  # noqa: PLC0415

        self._torch = torch
        self._call = call
        self._device = device()
        self._dtypes = dtypes
        self.platform = platform
        self.parallel = cpus.available()
        self.inputs = inputs
        self.outputs = outputs

    def predict(self, call: Call) -> list[Any]:
        """One element a row; rows that are objects go to parameters of these names."""
        rows = call.instances
        batch = self.inputs[0].shape[0] if self.inputs else -1
        if batch < 0:
            return self._batch(rows)
        if len(rows) % batch:
            raise Refused(400, f"the model takes {batch} instances at a time, or as many again")
        return [
            element
            for start in range(0, len(rows), batch)
            for element in self._batch(rows[start : start + batch])
        ]

    def _batch(self, rows: list[Any]) -> list[Any]:
        arguments: list[Any] = []
        named: dict[str, Any] = {}
        if isinstance(rows[0], dict):
            keys = list(rows[0])
            if any(not isinstance(row, dict) or set(row) != set(keys) for row in rows):
                raise Refused(400, "the instances have not all the same keys")
            named = {key: self._tensor(key, [row[key] for row in rows]) for key in keys}
        else:
            arguments = [self._tensor("", rows)]
        with self._torch.inference_mode():
            output = self._call(*arguments, **named)
        return _rows(output, len(rows))

    def _tensor(self, name: str, column: list[Any]) -> Any:
        index = next((at for at, tensor in enumerate(self.inputs) if tensor.name == name), 0)
        dtype = self._dtypes[index] if index < len(self._dtypes) else None
        try:
            value = self._torch.as_tensor(column, dtype=dtype, device=self._device)
        except (TypeError, ValueError, RuntimeError) as error:
            raise Refused(400, f"the instances are not alike, or no numbers ({error})") from None
        if self.inputs:
            shape = self.inputs[index].shape[1:]
            got = tuple(value.shape[1:])
            fits = len(shape) == len(got) and all(
                size in {-1, given} for size, given in zip(shape, got, strict=True)
            )
            if not fits:
                raise Refused(
                    400, f"an instance has the shape {list(shape)}, and these have {list(got)}"
                )
        return value


def _rows(output: Any, count: int) -> list[Any]:
    """A module's output by rows."""
    rows: Any
    if isinstance(output, dict):
        columns = {str(key): plain(value) for key, value in output.items()}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    elif isinstance(output, list | tuple):
        rows = [list(row) for row in zip(*(plain(value) for value in output), strict=True)]
    else:
        rows = plain(output)
    if not isinstance(rows, list) or len(rows) != count:
        raise Refused(500, "the model's output has not one row for each instance")
    return rows
