"""What the engine sends and takes, to plain data and back."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]


def decode(properties: Any) -> dict[str, Any]:
    """Properties as plain data, whole numbers as such."""
    plain = _whole(MessageToDict(properties))
    assert isinstance(plain, dict)
    return plain


def encode(values: Mapping[str, Any]) -> Any:
    """Plain data as properties."""
    made = struct_pb2.Struct()
    made.update({key: value for key, value in values.items() if value is not None})
    return made


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value
