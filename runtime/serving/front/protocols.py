"""What servers behind the front are asked, by protocol."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

from serving.backend import Call
from serving.errors import Refused
from serving.front.client import Answer, Client
from serving.models.model import Tensor

_PROBE_SECONDS = 2.0
# TensorFlow's names of types, as its metadata has them.
_TENSORFLOW = {
    "DT_BOOL": "BOOL",
    "DT_HALF": "FP16",
    "DT_BFLOAT16": "BF16",
    "DT_FLOAT": "FP32",
    "DT_DOUBLE": "FP64",
    "DT_STRING": "BYTES",
    **{f"DT_{sign}INT{bits}": f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
}


class Foreign(Protocol):
    """A server of some protocol. Raises OSError or HTTPException where it does not answer."""

    platform: str

    def is_ready(self) -> bool:
        """Whether it has loaded the model."""

    def tensors(self) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """Inputs and outputs, as far as it tells."""

    def predict(self, call: Call) -> list[Any]:
        """Its predictions. Raises Refused."""


class V1:
    """TensorFlow Serving, and others that speak its protocol."""

    platform = "v1"

    def __init__(self, url: str, model: str, timeout: float) -> None:
        self._client = Client(url, timeout)
        self._path = f"/v1/models/{model}"

    def is_ready(self) -> bool:
        """TensorFlow Serving tells the states of versions, others `ready`."""
        status, data = self._client.get(self._path, _PROBE_SECONDS)
        if status != 200 or not isinstance(data, dict):
            return False
        versions = data.get("model_version_status")
        if versions is None:
            return data.get("ready") in {True, "True", "true"}
        return any(version.get("state") == "AVAILABLE" for version in versions)

    def tensors(self) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """From the signature; none where the server has no such route."""
        status, data = self._client.get(f"{self._path}/metadata")
        try:
            if status != 200:
                return [], []
            signatures = data["metadata"]["signature_def"]["signature_def"]
            signature = signatures["serving_default"]
            return _signature(signature["inputs"]), _signature(signature["outputs"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return [], []

    def predict(self, call: Call) -> list[Any]:
        """The body goes on as it came."""
        answer = self._client.post(f"{self._path}:predict", call.body, _headers(call))
        return _list(answer, "predictions")


class V2:
    """A server of the open inference protocol: one tensor in, one tensor out."""

    platform = "v2"

    def __init__(self, url: str, model: str, timeout: float) -> None:
        self._client = Client(url, timeout)
        self._path = f"/v2/models/{model}"
        self._inputs: Sequence[Tensor] = ()

    def is_ready(self) -> bool:
        """The model's own route."""
        return self._client.get(f"{self._path}/ready", _PROBE_SECONDS).status == 200

    def tensors(self) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """From the model's metadata."""
        status, data = self._client.get(self._path)
        try:
            if status != 200:
                return [], []
            self._inputs, outputs = _described(data["inputs"]), _described(data["outputs"])
            return self._inputs, outputs
        except (KeyError, TypeError, ValueError):
            return [], []

    def predict(self, call: Call) -> list[Any]:
        """Rows as one tensor, and back."""
        shape = _shape(call.instances)
        flat = _flat(call.instances, len(shape))
        if self._inputs:
            name, datatype = self._inputs[0].name, self._inputs[0].datatype
        else:
            name, datatype = "predict", _datatype(flat)
        tensor = {"name": name, "shape": shape, "datatype": datatype, "data": flat}
        answer = self._client.post(
            f"{self._path}/infer", {"id": call.id, "inputs": [tensor]}, _headers(call)
        )
        outputs = _list(answer, "outputs")
        try:
            columns = {
                output["name"]: _nested(output["data"], output["shape"]) for output in outputs
            }
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(502, f"the model server's answer can't be read ({error!r})") from None
        if len(columns) == 1:
            rows: list[Any] = next(iter(columns.values()))
            return rows
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _headers(call: Call) -> dict[str, str]:
    return {"X-Request-Id": call.id} if call.id else {}


def _list(answer: Answer, key: str) -> list[Any]:
    """The list that an answer holds. Raises Refused for any other answer."""
    if answer.status == 200 and isinstance(answer.data, dict):
        found = answer.data.get(key)
        if isinstance(found, list):
            return found
        raise Refused(502, f"the model server's answer has no {key}")
    status = answer.status if 400 <= answer.status < 500 else 502
    raise Refused(status, f"the model server refused: {answer.error}")


def _signature(tensors: dict[str, Any]) -> list[Tensor]:
    return [
        Tensor(
            name,
            _TENSORFLOW.get(tensor["dtype"], tensor["dtype"]),
            tuple(int(size["size"]) for size in tensor["tensor_shape"].get("dim", [])),
        )
        for name, tensor in sorted(tensors.items())
    ]


def _described(tensors: list[dict[str, Any]]) -> list[Tensor]:
    return [
        Tensor(tensor["name"], tensor["datatype"], tuple(int(size) for size in tensor["shape"]))
        for tensor in tensors
    ]


def _shape(rows: Any) -> list[int]:
    shape = []
    while isinstance(rows, list):
        shape.append(len(rows))
        rows = rows[0] if rows else None
    return shape


def _flat(rows: Any, depth: int) -> list[Any]:
    """All elements in one list. Raises Refused unless rows are alike and of plain values."""
    level = rows
    for _ in range(depth - 1):
        if len({len(row) if isinstance(row, list) else -1 for row in level}) != 1:
            raise Refused(400, "the instances have not all the same shape")
        level = [element for row in level for element in row]
    if any(isinstance(value, list | dict) or value is None for value in level):
        raise Refused(400, "an instance is a list of numbers or strings, or one of them")
    return list(level)


def _datatype(values: list[Any]) -> str:
    kinds = {type(value) for value in values}
    if kinds <= {bool}:
        return "BOOL"
    if kinds <= {int}:
        return "INT64"
    return "FP64" if kinds <= {int, float} else "BYTES"


def _nested(data: list[Any], shape: list[int]) -> list[Any]:
    """A flat list in its shape; servers may send it nested already."""
    if len(shape) < 2 or len(data) != math.prod(shape) or isinstance(data[0], list):
        return data
    for size in reversed(shape[1:]):
        data = [data[start : start + size] for start in range(0, len(data), size)]
    return data


PROTOCOLS: dict[str, type[V1] | type[V2]] = {"v1": V1, "v2": V2}
