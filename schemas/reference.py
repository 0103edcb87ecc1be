"""The reference page of the spec language, written from the schemas."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from schemas import kinds
from schemas.catalog import BETWEEN, READING, SHAPE
from schemas.descriptions import descriptions
from schemas.json_schema import Schema, json_schema
from schemas.shape import fields_by_key, models_in

_HEAD = """# The spec

Written by `emctl schema --reference`; change the schemas, not this page.

What changing a field does: *in place* disturbs nothing,
*new revision* trains again, *restart* replaces pods, *replace* makes it anew, *refused* is not
possible.
"""


def reference() -> str:
    """The page as Markdown."""
    definitions = json_schema()["$defs"]
    lines = [_HEAD]
    seen: set[str] = set()
    for kind in kinds.models().values():
        for model in _in_order(kind):
            if model.__name__ not in seen:
                seen.add(model.__name__)
                lines += _section(model, definitions[model.__name__])
    lines.append("## Rules\n")
    for title, rules in (("Reading", READING), ("Values", SHAPE), ("Between parts", BETWEEN)):
        lines += [f"### {title}\n", "| rule | what it asks for |", "|---|---|"]
        lines += [f"| `{rule}` | {text} |" for rule, text in rules.items()]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _in_order(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for below in models_in(field.annotation):
            yield from _in_order(below)


def _section(model: type[BaseModel], definition: Schema) -> list[str]:
    texts = descriptions(model)
    documentation = " ".join((model.__doc__ or "").split()) if _own_text(model) else ""
    rows = [
        f"| `{key}` | {_kind(field)} | {_default(model, key, field)} | {_escaped(texts[key])} |"
        for key, field in definition["properties"].items()
    ]
    head = [f"## {model.__name__}\n"] + ([f"{documentation}\n"] if documentation else [])
    return [*head, "| key | type | default | meaning |", "|---|---|---|---|", *rows, ""]


def _own_text(model: type[BaseModel]) -> bool:
    return "__doc__" in vars(model) and bool(model.__doc__)


def _kind(field: dict[str, Any]) -> str:
    union = field.get("anyOf") or field.get("oneOf")
    if union:
        return " or ".join(dict.fromkeys(map(_kind, union)))
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    words = field.get("enum") or [field[key] for key in ("const",) if key in field]
    if words:
        return " or ".join(f"`{word}`" for word in words)
    kind = str(field["type"])
    if kind == "object":
        text = f"map of {_kind(field['additionalProperties'])}"
    elif kind == "array":
        text = f"list of {_kind(field['items'])}"
    else:
        text = {"string": "text", "integer": "whole number"}.get(kind, kind)
    return ("text as typed" if "[" in kind else text) + _bounds(field)


def _bounds(field: dict[str, Any]) -> str:
    bounds = []
    if "minimum" in field and "maximum" in field:
        bounds.append(f"{field['minimum']} to {field['maximum']}")
    if "multipleOf" in field:
        bounds.append(f"in steps of {field['multipleOf']}")
    if "maxProperties" in field:
        bounds.append(f"at most {field['maxProperties']}")
    if "maxLength" in field:
        bounds.append(f"at most {field['maxLength']} characters")
    return f", {', '.join(bounds)}" if bounds else ""


def _default(model: type[BaseModel], key: str, field: dict[str, Any]) -> str:
    if fields_by_key(model)[key].is_required():
        return "required"
    default = field.get("default")
    if default in (None, "", {}, []):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
