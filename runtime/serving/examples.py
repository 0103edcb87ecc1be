"""An example of a request: for the first prediction, and for people who ask for metadata."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serving.errors import Unusable
from serving.models.model import Tensor

FILE = "serving_input_example.json"
"""In the artifact's folder; the name is MLflow's."""
_ZEROS: dict[str, Any] = {"BOOL": False, "FP16": 0.0, "BF16": 0.0, "FP32": 0.0, "FP64": 0.0} | {
    f"{sign}INT{bits}": 0 for sign in ("", "U") for bits in (8, 16, 32, 64)
}
_MOST_ELEMENTS = 100_000


def read(folder: Path) -> Any:
    """What the artifact's example file holds; None without one. Raises Unusable."""
    try:
        return json.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Unusable(f"found {FILE}, which is no readable JSON ({error})") from None


def instances(example: Any) -> list[Any] | None:
    """The rows of an example, None if it has none that we know how to read.

    A list, or what MLflow writes: an object with the list under `instances` or `inputs`.
    """
    if isinstance(example, dict):
        example = example.get("instances", example.get("inputs"))
    return example if isinstance(example, list) and example else None


def made(inputs: Sequence[Tensor]) -> dict[str, Any] | None:
    """One row of zeros as the inputs want it; None where that can't be told, or is huge."""
    rows = {}
    for tensor in inputs:
        sizes = [1 if size < 0 else size for size in tensor.shape[1:]]
        count = 1
        for size in sizes:
            count *= size
        if not tensor.shape or tensor.datatype not in _ZEROS or count > _MOST_ELEMENTS:
            return None
        value = _ZEROS[tensor.datatype]
        for size in reversed(sizes):
            value = [value] * size
        rows[tensor.name] = value
    if not rows:
        return None
    batch = max(1, inputs[0].shape[0])
    return {"instances": [next(iter(rows.values())) if len(rows) == 1 else rows] * batch}
