"""TensorFlow: a SavedModel, with TensorFlow Serving's reading of rows."""

import base64
import binascii
from pathlib import Path
from typing import Any

from serving import cpus
from serving.backend import Call
from serving.errors import Refused, Unusable
from serving.models.model import Found, Tensor

_FILES = ("saved_model.pb", "saved_model.pbtxt")
_SIGNATURE = "serving_default"
_DATATYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "bfloat16": "BF16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
    **{
        f"{sign}int{bits}": f"{sign.upper()}INT{bits}"
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}


def find(folder: Path, _name: str) -> Found | None:
    """At the root, or in the folder with the highest number."""
    if _is_saved_model(folder):
        return Found("the SavedModel", lambda: SavedModel(folder))
    numbered = versions(folder)
    if numbered:
        newest = numbered[max(numbered, key=int)]
        return Found(f"the SavedModel {newest.name}", lambda: SavedModel(newest))
    below = _below(folder)
    if below:
        name = below[0].name
        raise Unusable(
            f"found a SavedModel under {name}/, which is no version number; "
            "needed is one at the root or under a number, such as 1"
        )
    keras = sorted([*folder.glob("*.keras"), *folder.glob("*.h5")])
    if keras:
        raise Unusable(
            f"found {keras[0].name}, a Keras file; needed is a SavedModel: "
            "model.save(folder) of Keras 2, model.export(folder) of Keras 3"
        )
    return None


def versions(folder: Path) -> dict[str, Path]:
    """Folders with a SavedModel by the number that is their name; `1` for one at the root."""
    if _is_saved_model(folder):
        return {"1": folder}
    return {path.name: path for path in _below(folder) if path.name.isdecimal()}


def _below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*/")) if _is_saved_model(path)]


def _is_saved_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _FILES)


class SavedModel:
    """Answers through a signature: rows in, rows out."""

    platform = "tensorflow_savedmodel"

    def __init__(self, folder: Path) -> None:
        import tensorflow  # noqa: PLC0415 - the image's own framework

        self._tf = tensorflow
        # The signature does not keep what it belongs to alive.
        self._loaded = tensorflow.saved_model.load(str(folder))
        signatures = dict(self._loaded.signatures)
        if _SIGNATURE not in signatures and len(signatures) != 1:
            names = ", ".join(sorted(signatures)) or "none"
            raise Unusable(
                f"found a SavedModel with the signatures: {names}; needed is {_SIGNATURE}"
            )
        self._call = signatures.get(_SIGNATURE) or next(iter(signatures.values()))
        self.parallel = cpus.available()
        self._specs = dict(sorted(self._call.structured_input_signature[1].items()))
        self.inputs = [_tensor(name, spec) for name, spec in self._specs.items()]
        self.outputs = [
            _tensor(name, spec) for name, spec in sorted(self._call.structured_outputs.items())
        ]

    def predict(self, call: Call) -> list[Any]:
        """One element a row; an object where the model has several outputs."""
        inputs = {
            name: self._input(name, spec, column)
            for (name, spec), column in zip(
                self._specs.items(), self._columns(call.instances), strict=True
            )
        }
        outputs = {name: _plain(name, value) for name, value in self._call(**inputs).items()}
        rows = len(call.instances)
        for name, values in outputs.items():
            if not isinstance(values, list) or len(values) != rows:
                raise Refused(500, f"the model's output {name} has not one row for each instance")
        if len(outputs) == 1:
            return next(iter(outputs.values()))
        return [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]

    def _columns(self, instances: list[Any]) -> list[list[Any]]:
        """The values of each input, in the order of the inputs."""
        names = list(self._specs)
        if len(names) == 1 and not _is_row_of(instances[0], names):
            return [instances]
        for row in instances:
            if not _is_row_of(row, names):
                raise Refused(400, f"each instance is an object with the keys {', '.join(names)}")
        return [[row[name] for row in instances] for name in names]

    def _input(self, name: str, spec: Any, column: list[Any]) -> Any:
        kind = spec.dtype.name
        try:
            value = self._tf.constant(_bytes(column) if kind == "string" else column, spec.dtype)
        except (TypeError, ValueError) as error:
            raise Refused(400, f"{name} takes {kind} values, all rows alike ({error})") from None
        if not spec.shape.is_compatible_with(value.shape):
            wanted, got = _sizes(spec.shape), _sizes(value.shape)
            raise Refused(400, f"{name} takes the shape {wanted}, the instances have {got}")
        return value


def _tensor(name: str, spec: Any) -> Tensor:
    datatype = _DATATYPES.get(spec.dtype.name, spec.dtype.name.upper())
    return Tensor(name, datatype, tuple(_sizes(spec.shape)))


def _sizes(shape: Any) -> list[int]:
    if shape.rank is None:
        return []
    return [-1 if size is None else size for size in shape.as_list()]


def _is_row_of(row: Any, names: list[str]) -> bool:
    return isinstance(row, dict) and sorted(row) == sorted(names)


def _bytes(value: Any) -> Any:
    """Strings, and {"b64": ...} for bytes, as TensorFlow Serving reads them."""
    if isinstance(value, list):
        return [_bytes(element) for element in value]
    if isinstance(value, dict) and list(value) == ["b64"]:
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (TypeError, binascii.Error) as error:
            raise Refused(400, f"b64 is no base64 ({error})") from None
    return value


def _plain(name: str, tensor: Any) -> Any:
    """A tensor as JSON holds it; bytes as text, or as {"b64": ...} if the name ends in _bytes."""
    values = tensor.numpy().tolist()
    if tensor.dtype.name == "bfloat16":
        values = tensor.numpy().astype("float32").tolist()
    return _text(values, name.endswith("_bytes")) if tensor.dtype.name == "string" else values


def _text(value: Any, encoded: bool) -> Any:
    if isinstance(value, list):
        return [_text(element, encoded) for element in value]
    if encoded:
        return {"b64": base64.b64encode(value).decode()}
    return value.decode("utf-8", "replace")
