"""Documents as text: JSON for hashes and annotations, YAML for people. Both read back the same."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

_PLAIN = re.compile(
    "[A-Za-z_/][A-Za-z0-9_./@+=()-]*(?:[ :][A-Za-z0-9_./@+=()-]+)*|[1-9][0-9]*[smhdkMGT]i?"
)
# Words that some reader of YAML takes for a boolean or nothing, beside what PyYAML does.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class Literal(str):
    """A number or boolean as it was typed; text of any other type is quoted where it must be."""

    __slots__ = ()


def to_json(value: object) -> str:
    """One line with sorted keys and every literal as it was typed."""
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, Mapping):
        members = (f"{to_json(key)}: {to_json(value[key])}" for key in sorted(value))
        return "{" + ", ".join(members) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(to_json, value)) + "]"
    return f'"{_text(value)}"' if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """Inside of a JSON string that a YAML parser reads too: no pairs of escapes for one sign."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(
        c if c > "\uffff" or (c.isprintable() and c not in '"\\') else json.dumps(c)[1:-1]
        for c in text
    )


def to_yaml(document: Mapping[str, object]) -> str:
    """Block style, keys in the order given."""
    return "".join(f"{line}\n" for line in _lines(document, ""))


def _lines(mapping: Mapping[str, object], indent: str) -> Iterator[str]:
    for key, value in mapping.items():
        head = f"{indent}{scalar(key)}:"
        if isinstance(value, Mapping) and value:
            yield head
            yield from _lines(value, indent + "  ")
        else:
            yield f"{head} {_inline(value)}"


def _inline(value: object) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return scalar(value)


def scalar(value: object) -> str:
    """A scalar, in quotes wherever any reader of YAML would take its text for something else."""
    if isinstance(value, Literal):
        return str(value)
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"
