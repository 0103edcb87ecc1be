"""How named types are made: one check of a scalar, with the message a user gets, and the pattern
that says the same in the JSON schema."""

import re
from collections.abc import Callable
from typing import Any

from pydantic import PlainValidator, WithJsonSchema

from schemas.base import refused, shown
from schemas.tree import scalar_text

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_NO_CONTROL = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"

Type = tuple[PlainValidator, WithJsonSchema]


def string(value: object) -> str:
    """Text that is no number and no boolean: names, paths, addresses."""
    if isinstance(value, str):
        return value
    if scalar_text(value) is None:
        raise refused("type", f"must be text, not {shown(value)}")
    what = "the boolean" if isinstance(value, bool) else "the number"
    raise refused("type", f"must be text, not {what} {shown(value)}", "put it in quotes")


def as_typed(value: object) -> str:
    """Text in which numbers and booleans count as typed: `2.10` is the text 2.10."""
    text = scalar_text(value)
    if text is None:
        raise refused("type", f"must be text, not {shown(value)}")
    return text


def bounded(text: str, maximum: int, minimum: int = 0) -> str:
    """The text, if its length is in range."""
    if len(text) > maximum:
        message = f"is {len(text)} characters long, at most {maximum} are allowed"
        raise refused("length", message, f"shorten it by {len(text) - maximum}")
    if len(text) < minimum:
        raise refused("length", "is an empty text", "give a value or remove the key")
    return text


def checked(
    check: Callable[[str], Any], schema: dict[str, Any], read: Callable[[object], str] = string
) -> Type:
    """A type with a check of its own; `schema` says in JSON schema what it says."""
    return (
        PlainValidator(lambda value: check(read(value))),
        WithJsonSchema({"type": "string", **schema}),
    )


def pattern(expression: str, rule: str, what: str, maximum: int, hint: str = "") -> Type:
    """A type whose whole text matches; refused as `'x' is no <what>`."""
    form = re.compile(f"(?:{expression})\\Z")

    def check(text: str) -> str:
        if not form.match(bounded(text, maximum)):
            raise refused(rule, f"{shown(text)} is no {what}", hint)
        return text

    return checked(check, {"pattern": f"^(?:{expression})$", "maxLength": maximum})


def free_text(maximum: int, minimum: int = 0) -> Type:
    """Text for people: anything but control characters, numbers and booleans as typed."""

    def check(text: str) -> str:
        if bad := _CONTROL.search(text):
            raise refused("control-text", f"holds the control character U+{ord(bad.group()):04X}")
        return bounded(text, maximum, minimum)

    schema: dict[str, Any] = {"type": ["string", "number", "boolean"], "maxLength": maximum}
    if minimum:
        schema["minLength"] = minimum
    return checked(check, {**schema, "pattern": _NO_CONTROL}, as_typed)


def free_key(maximum: int) -> Type:
    """The same as a key, at least one character. A key of JSON is a string, whatever was typed."""
    schema = {"type": "string", "minLength": 1, "maxLength": maximum, "pattern": _NO_CONTROL}
    return (*free_text(maximum, 1)[:1], WithJsonSchema(schema))
