"""What a resource may and must be given, by pulumi-aws, so that neither a program nor a row of
this plugin can have a word that the provider does not know."""

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.aws.provider.values import UNKNOWN, without_notes

TABLE = "AWS_TYPES"
"""The variable that names the file which `reflect` has written."""
# What the provider itself may be given: what the project's programs give, and what the SDK adds.
_CONFIG = {
    "region",
    "defaultTags",
    "allowedAccountIds",
    "version",
    "skipCredentialsValidation",
    "skipRegionValidation",
}


@cache
def _table() -> dict[str, Any]:
    found = json.loads(Path(os.environ[TABLE]).read_text())
    assert isinstance(found, dict)
    return found


@cache
def inputs(token: str) -> frozenset[str]:
    """The properties that a resource may be given."""
    return frozenset(_table()[token]["inputs"])


@cache
def properties(token: str) -> frozenset[str]:
    """The properties that a resource has."""
    return frozenset(_table()[token]["properties"])


def faults(token: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with a resource's inputs: a property's path and the reason."""
    yield from _faults(_table()[token]["inputs"], without_notes(given), "")


def config_faults(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the provider's own inputs."""
    for key in sorted({*without_notes(given)} - _CONFIG):
        yield key, "is not known to this plugin"
    if not given.get("region"):
        yield "region", "is required and was not given"


def _faults(
    fields: Mapping[str, Any], given: Mapping[str, Any], path: str
) -> Iterator[tuple[str, str]]:
    for name, shape in fields.items():
        if shape["required"] and given.get(name) is None:
            yield path + name, "is required and was not given"
    for name, value in given.items():
        if name not in fields:
            yield path + name, "is not known to the provider"
        else:
            yield from _value_faults(fields[name], value, path + name)


def _value_faults(shape: Mapping[str, Any], value: Any, path: str) -> Iterator[tuple[str, str]]:
    if value is None or value == UNKNOWN:
        return
    if shape["is"] == "object":
        if isinstance(value, Mapping):
            yield from _faults(shape["of"], value, f"{path}.")
        else:
            yield path, f"is to be an object, not {value!r}"
    elif shape["is"] == "list":
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _value_faults(shape["of"], item, f"{path}[{index}]")
        else:
            yield path, f"is to be a list, not {value!r}"
    elif shape["is"] == "map" and not isinstance(value, Mapping):
        yield path, f"is to be a map, not {value!r}"
    elif shape["is"] == "one" and isinstance(value, (list, Mapping)):
        yield path, f"is to be one value, not {value!r}"
