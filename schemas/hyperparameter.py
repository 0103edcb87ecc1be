"""Hyperparameters: what was typed is what arrives, as argument, variable and JSON.

An unquoted number that JSON has and the unquoted words `true` and `false` are a JSON number and
booleans in EM_HPS, digit for digit; everything else is a JSON string. The argument and EM_HP_KEY
hold the text as it was typed, so a boolean is `true` or `false` in all three places.
"""

import json
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from schemas.base import refused, shown
from schemas.scalar import bounded, pattern
from schemas.tree import scalar_text


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A value as it was typed, and as it stands in the JSON of EM_HPS."""

    text: str
    """What the argument and EM_HP_KEY hold."""
    json: str
    """A JSON literal."""

    @property
    def is_text(self) -> bool:
        """Whether it is a string in EM_HPS."""
        return self.json[0] == '"'


def _value(given: object) -> Hyperparameter:
    text = scalar_text(given)
    if text is None:
        message = f"must be text, a number or a boolean, not {shown(given)}"
        raise refused("hyperparameter-type", message, "write JSON in quotes, such as '[64, 32]'")
    if "\0" in text:
        raise refused("control-text", "holds the control character U+0000")
    bounded(text, 1000)
    return Hyperparameter(text, json.dumps(text) if isinstance(given, str) else text)


HyperparameterValue = Annotated[
    Hyperparameter,
    PlainValidator(_value),
    WithJsonSchema(
        {"type": ["string", "number", "boolean"], "maxLength": 1000, "pattern": r"^[^\x00]*$"}
    ),
]
HyperparameterKey = Annotated[
    str,
    *pattern(
        r"[A-Za-z_][A-Za-z0-9_.-]*",
        "hyperparameter-key",
        "key that can be an argument and a variable: letters, digits, '_', '-' and '.', "
        "a letter or '_' first",
        255,
    ),
]
