"""The properties of a resource, as plain data."""

from collections.abc import Iterator, Mapping
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands in a preview for a value that is known later."""


def without_notes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Properties without what the provider notes beside them."""
    return {key: value for key, value in values.items() if not key.startswith("__")}


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value that holds no other, with the path that the engine has for it."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if _plain(key) else f'{path}["{key}"]')
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _plain(key: str) -> bool:
    return not set(key) & set('."[]')
