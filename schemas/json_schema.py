"""The JSON schema of the language: what editors complete and check by.

It says what the loader says of keys, types and ranges; what stands between parts (references,
quotas) only the loader knows. A file that is included is checked by the same schema, so what may
come from another file is not required in any.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas import kinds
from schemas.descriptions import descriptions
from schemas.platform import Platform
from schemas.ranges import DEFAULTS, Range
from schemas.shape import models_in
from schemas.training import Training
from schemas.units import SECONDS
from schemas.workspace import SECTIONS, Workspace

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(limits: Mapping[str, Range] = DEFAULTS) -> Schema:
    """The schema of every kind of document, with the ranges of a platform."""
    _, whole = models_json_schema(
        [(kind, "validation") for kind in kinds.models().values()],
        by_alias=True,
        ref_template="#/$defs/{model}",
    )
    described = {
        m.__name__: descriptions(m) for kind in kinds.models().values() for m in _all(kind)
    }
    definitions: dict[str, Schema] = {name: whole["$defs"][name] for name in described}
    for name, definition in definitions.items():
        definition.pop("title", None)
        for key, field in definition["properties"].items():
            definition["properties"][key] = {
                "description": described[name][key],
                **_cleaned(field, limits),
            }
    _loosen(definitions)
    return {
        "$schema": DIALECT,
        "title": "AI EasyMaker as code",
        "description": "A workspace, a cluster, its add-ons, or a file that one of them includes.",
        "type": "object",
        **_by_kind(list(kinds.NAMES)),
        "$defs": dict(sorted(definitions.items())),
    }


def to_text(schema: Schema) -> str:
    """The schema as it is kept in a file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _all(model: type[BaseModel]) -> list[type[BaseModel]]:
    below = [m for f in model.model_fields.values() for m in models_in(f.annotation)]
    return [model, *(deeper for m in below for deeper in _all(m))]


def _by_kind(names: list[str]) -> Schema:
    """The definition that a document's `kind` chooses; without one it is part of a workspace."""
    if names == ["Workspace"]:
        return {"$ref": "#/$defs/Workspace"}
    *others, kind = names
    return {
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": {"$ref": f"#/$defs/{kind}"},
        "else": _by_kind(others),
    }


def _cleaned(schema: Any, limits: Mapping[str, Range]) -> Any:
    """Without titles and null, with the ranges, and patterns that end where the text ends."""
    if isinstance(schema, list):
        return [_cleaned(item, limits) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "anyOf" in schema:
        variants = [variant for variant in schema["anyOf"] if variant != {"type": "null"}]
        if len(variants) == 1:
            schema = {**{k: v for k, v in schema.items() if k != "anyOf"}, **variants[0]}
    cleaned = {
        key: _cleaned(value, limits)
        for key, value in schema.items()
        if key not in ("title", "x-range")
        and not (key == "default" and (value is None or isinstance(value, dict)))
    }
    if entries := cleaned.pop("patternProperties", None):
        # Pydantic leaves other keys open: the pattern is of the keys, and all are checked.
        ((expression, entry),) = entries.items()
        cleaned["additionalProperties"] = entry
        keys = {**cleaned.get("propertyNames", {}), "pattern": expression}
        cleaned["propertyNames"] = _cleaned(keys, limits)
    if "pattern" in cleaned:
        # Python's `$` would allow a line break behind the text.
        cleaned["pattern"] = re.sub(r"\$\Z", r"$(?!\\n)", cleaned["pattern"])
    if allowed := schema.get("x-range"):
        cleaned |= _ranged(limits[allowed] if isinstance(allowed, str) else allowed)
    return cleaned


def _ranged(allowed: Range) -> Schema:
    if allowed.unit == "s":
        return {"pattern": f"^(?:{_durations(allowed)})$(?!\\n)"}
    if allowed.is_count:
        return {"maxProperties": allowed.maximum}
    step = {"multipleOf": allowed.step} if allowed.step > 1 else {}
    return {"minimum": allowed.minimum, "maximum": allowed.maximum, **step}


def _durations(allowed: Range) -> str:
    """A pattern of all durations in a range."""
    forms = []
    for unit, seconds in SECONDS.items():
        low, high = -(-allowed.minimum // seconds), allowed.maximum // seconds
        if max(low, 1) <= high:
            forms.append(f"(?:{numbers(max(low, 1), min(high, 999_999_999))}){unit}")
    return "|".join(forms)


def numbers(low: int, high: int) -> str:
    """A pattern of the whole numbers from `low` to `high`, written without leading zeros."""
    forms = []
    while low <= high:
        # The widest block of numbers from `low` on that differ in their last digits alone.
        tail = 0
        while low % 10 ** (tail + 1) == 0 and low > 0 and low + 10 ** (tail + 1) - 1 <= high:
            tail += 1
        block = 10**tail
        head, last = divmod(low // block, 10)
        most = min(9, (high - low + 1) // block - 1 + last)
        prefix = str(head) if head else ""
        digit = f"[{last}-{most}]" if most > last else str(last)
        forms.append(prefix + digit + {0: "", 1: "[0-9]"}.get(tail, f"[0-9]{{{tail}}}"))
        low += (most - last + 1) * block
    return "|".join(forms)


def _loosen(definitions: dict[str, Schema]) -> None:
    """Take out what only the whole of all files can be asked."""
    document = definitions[Workspace.__name__]
    document.pop("required")
    document["dependentRequired"] = {
        "kind": ["api_version", "workspace"],
        "workspace": ["api_version", "kind"],
    }
    document["if"] = {"required": ["kind"]}
    document["then"] = {"anyOf": [{"required": ["platform"]}, {"required": ["include"]}]}
    definitions[Platform.__name__].pop("required")
    for kind in kinds.NAMES[1:]:
        needed = definitions[kind].pop("required")
        # Without its name it is a file that another includes.
        definitions[kind]["dependentRequired"] = {"cluster": ["api_version", "kind"]}
        definitions[kind]["if"] = {"required": ["cluster"]}
        definitions[kind]["then"] = {"anyOf": [{"required": needed}, {"required": ["include"]}]}
    # A copy may leave out everything, also within `algorithm`.
    written, algorithm = definitions[Training.__name__], definitions["Algorithm"]
    required = written.pop("required")
    written["anyOf"] = [
        {"required": ["copy"]},
        {
            "required": required,
            "properties": {"algorithm": {"required": algorithm.pop("required")}},
        },
    ]
    assert set(SECTIONS) <= set(document["properties"])  # noqa: S101
