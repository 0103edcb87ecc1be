"""The named types of values. What two schemas need is named here, what one needs beside it."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from schemas import address, names, units
from schemas.base import refused, shown
from schemas.ranges import Range, Within
from schemas.scalar import as_typed, bounded, checked, free_text, pattern, string
from schemas.tree import Number, scalar_text


def check_name(text: str, maximum: int = names.NAME_LENGTH) -> str:
    """A name of a resource: it becomes part of object names and hosts."""
    near = names.suggestion(text, maximum)
    hint = f"did you mean {near!r}?" if near and near != text else ""
    if not names.NAME.match(text):
        message = (
            f"{shown(text)} is no name: lower-case letters, digits and single '-' between them, "
            f"a letter first, at most {maximum} characters"
        )
        raise refused("name", message, hint)
    if text.startswith(names.RESERVED):
        raise refused("reserved-name", f"{text!r} is reserved: Kubernetes owns 'kube-…'", hint)
    return bounded(text, maximum)


Name = Annotated[
    str, *checked(check_name, {"pattern": "^(?!kube-)[a-z](-?[a-z0-9])*$", "maxLength": 50})
]
EntryName = Annotated[
    str,
    *pattern(
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?",
        "entry-name",
        "name of a platform entry: letters, digits, '.', '_' and '-' between them",
        63,
    ),
]
Reference = Annotated[str, *checked(lambda text: text, {})]
"""A name that stands elsewhere in the spec; whether it does is a rule, with a close match."""
FolderName = Annotated[
    str,
    *pattern(
        r"[A-Za-z0-9_][A-Za-z0-9_.-]*",
        "folder-name",
        "name of a folder and a variable: letters, digits, '_', '-' and '.', no '-' or '.' first",
        36,
    ),
]

Description = Annotated[str, *free_text(255)]
Version = Annotated[str, *free_text(64, 1)]
Word = Annotated[str, *free_text(255, 1)]


def _address(*schemes: str) -> Any:
    forms = [address.FORMS[scheme] for scheme in schemes]
    *others, last = (address.EXAMPLES[scheme] for scheme in schemes)
    expected = f"{', '.join(others)} or {last}" if others else last

    def check(text: str) -> address.Address:
        bounded(text, address.MAX_LENGTH)
        if re.match(r"[a-z0-9]+://[^/]*@", text):
            message = "an address must not hold credentials"
            raise refused("credentials-in-clear", message, "name them in platform.object_storage")
        found = address.parse_address(text)
        if found is None or found.scheme not in schemes:
            given = text.partition("://")[0]
            hint = address.EXAMPLES[given] if given in schemes else expected
            what = "storage address" if len(schemes) > 1 else f"{schemes[0]}:// address"
            raise refused("address", f"{shown(text)} is no {what}", f"write {hint}")
        return found

    expression = "|".join(re.sub(r"\?P<[a-z]+>", "", form) for form in forms)
    return checked(check, {"pattern": f"^(?:{expression})$", "maxLength": address.MAX_LENGTH})


StorageAddress = Annotated[address.Address, *_address("obs", "s3", "nas")]
ObsAddress = Annotated[address.Address, *_address("obs")]
NasAddress = Annotated[address.Address, *_address("nas")]


def _whole(value: object) -> int:
    if isinstance(value, Number):
        if len(value.text) > 40 or abs(value) > 10**18:
            raise refused("range", f"{shown(value)} is far out of range")
        if value.is_integer():
            return int(value)  # 2.0 is a whole number in JSON schema, so it is one here
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = scalar_text(value)
    digits = text is not None and re.match(r"[+-]?[0-9]{1,9}\Z", text)
    hint = f"write {int(text)}" if digits and text is not None else ""
    raise refused("type", f"must be a whole number, not {shown(value)}", hint)


Whole = Annotated[int, BeforeValidator(_whole)]


def between(low: int, high: int) -> Within:
    """A range that no platform changes."""
    return Within(Range(low, high))


_DURATIONS = "such as 90s, 15m, 2h or 3d"


def _duration(text: str) -> int:
    try:
        return units.parse_duration(text)
    except ValueError:
        raise refused("duration", f"{shown(text)} is no duration", _DURATIONS) from None


def _duration_text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        *others, last = (f"{value}{unit}" for unit in units.SECONDS)
        hint = f"such as {', '.join(others)} or {last}" if value > 0 else _DURATIONS
        raise refused("duration", f"{value} has no unit", hint)
    return string(value)


Duration = Annotated[int, *checked(_duration, {"pattern": units.DURATION_PATTERN}, _duration_text)]
"""Seconds."""


def _quantity(
    parse: Callable[[str], int], what: str, examples: str, *forms: dict[str, Any]
) -> tuple[PlainValidator, WithJsonSchema]:
    def check(value: object) -> int:
        text = as_typed(value) if not isinstance(value, bool) else string(value)
        try:
            return parse(text)
        except ValueError:
            raise refused("quantity", f"{shown(value)} is no amount of {what}", examples) from None

    return PlainValidator(check), WithJsonSchema({"anyOf": list(forms)})


Cpu = Annotated[
    int,
    *_quantity(
        units.millicores,
        "CPU",
        "such as 2, 0.5 or 500m",
        {"type": "number", "exclusiveMinimum": 0, "maximum": units.MAX_CPU},
        {"type": "string", "pattern": units.CPU_PATTERN},
    ),
]
"""Thousandths of a CPU."""
Memory = Annotated[
    int,
    *_quantity(
        units.memory_bytes,
        "memory",
        "such as 2Gi or 512Mi",
        {"type": "integer", "minimum": 1, "maximum": units.MAX_MEMORY},
        {"type": "string", "pattern": units.MEMORY_PATTERN},
    ),
]
"""Bytes."""
