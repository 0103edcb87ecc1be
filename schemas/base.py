"""The base of every schema, and how its validators refuse a value."""

import re
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from schemas.tree import Map, Seq, scalar_text

_USERINFO = re.compile(r"//\S*@")


class StrictModel(BaseModel):
    """Refuses unknown keys and other types than declared; cannot be changed.

    The text under a field is its description in the JSON schema and on the reference page; what
    changing it does stands in the `CHANGES` table of its module.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    elsewhere: ClassVar[dict[str, str]] = {}
    """Keys that people look for here, with a hint to where they are."""


def refused(rule: str, message: str, hint: str = "", field: str = "") -> PydanticCustomError:
    """The error of a value that breaks a rule; `field` moves it from a mapping to one of its keys.

    `rule` is a key of `schemas.rules.RULES`.
    """
    context: dict[str, Any] = {"message": message, "hint": hint, "field": field}
    return PydanticCustomError(rule, "{message}", context)


def shown(value: object) -> str:
    """A value for a message: as it was typed, short, on one line, without credentials."""
    if value is None:
        return "nothing"
    if isinstance(value, (Map, dict)):
        return "a mapping"
    if isinstance(value, (Seq, list)):
        return "a list"
    text = scalar_text(value)
    assert text is not None  # noqa: S101
    text = _USERINFO.sub("//...@", text)
    short = text if len(text) <= 60 else f"{text[:57]}..."
    if not isinstance(value, str):
        return short
    return repr(short)
