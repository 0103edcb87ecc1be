"""Checks a tree against a model: pydantic's errors as issues with positions and close matches.

A model that does not fit still gives what does: an instance that lacks the wrong fields, here and
in the models within, so that rules can judge the rest in the same run.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from schemas.base import StrictModel, shown
from schemas.errors import Issue, dotted
from schemas.hyperparameter import Hyperparameter
from schemas.nearest import close
from schemas.tree import Map, Mark, Seq, scalar_text

_BOOLEANS = dict.fromkeys(("true", "yes", "on", "y", "1"), "true") | dict.fromkeys(
    ("false", "no", "off", "n", "0"), "false"
)
M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]
# What stands below such a key is never printed.
SENSITIVE = re.compile(
    "secret|passw|credential|token|access_?key|api_?key|private(?!_subnets|_cidrs)", re.IGNORECASE
)
# Values of maps whose keys say what they are, and of `built_images`; keys of other maps are names
# of things.
_FREE_VALUES = (str, Hyperparameter)


class PartialMap(dict[str, object]):
    """What is right of a map that has something wrong in it."""

    def __init__(self) -> None:
        super().__init__()
        self.misnamed: set[str] = set()
        """Keys that are wrong themselves."""


def is_whole(part: object) -> bool:
    """Whether nothing is missing in an instance, at any depth."""
    if isinstance(part, BaseModel):
        return all(is_whole(getattr(part, name, ...)) for name in type(part).model_fields)
    if isinstance(part, dict):
        return not isinstance(part, PartialMap) and all(map(is_whole, part.values()))
    return part is not ...


def fit(
    model: type[M], raw: Map, path: Path, at: Mark, context: Mapping[str, Any] | None = None
) -> tuple[M, list[Issue]]:
    """Check one mapping, whose own mark is `at`; returns what fits of it, and what is wrong."""
    try:
        fitting: M = model.__pydantic_validator__.validate_python(raw, context=context)
    except ValidationError as error:
        found = error.errors(include_url=False)
    else:
        return fitting, []
    issues = [issue for e in found if (issue := _issue(model, e, raw, path, at))]
    return _partial(model, raw, [error["loc"] for error in found], context), issues


def place(raw: Map | Seq, parts: Path, at: Mark) -> Mark:
    """The mark of the innermost part of a path that exists."""
    node: object = raw
    for part in parts:
        if isinstance(node, Map) and part in node:
            at, node = node.marks[str(part)], node[str(part)]
        elif isinstance(node, Seq) and isinstance(part, int) and part < len(node):
            at, node = node.marks[part], node[part]
        else:
            break
    return at


def may_be_secret(model: type[BaseModel], path: Path) -> bool:
    """Whether a value of a document may be secret, going by the fields and keys that lead to it."""
    annotation: Any = model
    for part in path:
        tells = True
        if get_origin(annotation) in (dict, list):
            annotation = _stripped(get_args(annotation)[-1])
            tells = annotation in _FREE_VALUES
        else:
            fields = (fields_by_key(m).get(str(part)) for m in models_in(annotation))
            field = next(filter(None, fields), None)
            annotation = _stripped(field.annotation) if field else None
        if tells and SENSITIVE.search(str(part)):
            return True
    return False


def is_astray(key: str | int, value: object) -> bool:
    """Whether text may be a secret that stands a level too high: in the place of the mapping whose
    field it is meant for."""
    return isinstance(value, str) and SENSITIVE.search(str(key)) is not None


def _follow(model: type[BaseModel], loc: Path) -> tuple[Path, list[type[BaseModel]]]:
    """A location of pydantic's as the keys that a user wrote, and the models allowed there.

    Beside keys a location holds the tags of unions, which may be called like a key, and `[key]`.
    """
    annotation: Any = model
    keys: list[str | int] = []
    for part in loc:
        if part == "[key]":
            break
        models = models_in(annotation) if get_origin(annotation) not in (dict, list) else []
        if len(models) > 1:
            annotation = next(m for m in models if part in _tags(m))
            continue
        keys.append(part)
        field = fields_by_key(models[0]).get(str(part)) if models else None
        if field is not None:
            annotation = field.annotation
        elif get_origin(annotation) in (dict, list):
            annotation = get_args(annotation)[-1]
        else:
            annotation = None
        annotation = _stripped(annotation)
    return tuple(keys), models_in(annotation)


def _stripped(annotation: Any) -> Any:
    """A type without its metadata, and without None beside it."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) in (Union, UnionType) and len(parts) == 1:
        return _stripped(parts[0])
    return annotation


def _issue(
    model: type[BaseModel], error: ErrorDetails, raw: Map, path: Path, at: Mark
) -> Issue | None:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    inner, _ = _follow(model, error["loc"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = str(context["discriminator"]).strip("'")
        inner = (*inner, key)
        if kind == "union_tag_not_found":
            kind = "missing"
        else:
            given = given[key]
    on_key = kind in ("missing", "extra_forbidden") or error["loc"][-1:] == ("[key]",)
    if kind == "missing":
        rule, message, hint = "missing-key", "this key is required", ""
    elif kind == "extra_forbidden":
        rule, message = "unknown-key", "unknown key"
        _, models = _follow(model, error["loc"][:-1])
        key = str(inner[-1])
        elsewhere: list[str] = [
            m.elsewhere.get(key, "") for m in models if issubclass(m, StrictModel)
        ]
        near = close(key, {key for m in models for key in fields_by_key(m)})
        hint = next(filter(None, elsewhere), near)
    elif given is None:
        return None  # the parser has said that there is no value
    elif "message" in context:
        rule, message, hint = kind, context["message"], context["hint"]
    else:
        rule, message, hint = _builtin(kind, given, context)
    mark = place(raw, inner, at)
    text = scalar_text(given)
    last = next(reversed((*path, *inner)), "")
    if text and (may_be_secret(model, inner) or (not on_key and is_astray(last, given))):
        message = _without(given, message)
        hint = "" if text.lower() in hint.lower() else hint
    line, column = (mark.key_line, mark.key_column) if on_key else (mark.line, mark.column)
    position = mark.source.position(line, column)
    return Issue(rule, position, dotted((*path, *inner)), message, hint)


def _without(given: object, message: str) -> str:
    """A message that does not tell a value; of numbers that hold a number nothing goes."""
    told = re.escape(shown(given))
    alone = told if isinstance(given, str) else rf"(?<![\w.-]){told}(?![\w]|\.\d)"
    return re.sub(alone, "***", message)


def _builtin(kind: str, given: object, context: Mapping[str, Any]) -> tuple[str, str, str]:
    """Rule, message and hint for what pydantic itself refuses."""
    wanted = dict.fromkeys(("model_type", "dict_type", "model_attributes_type"), "a mapping")
    wanted["list_type"] = "a list"
    if kind in wanted:
        answer = "type", f"must be {wanted[kind]}, not {shown(given)}", ""
    elif kind == "bool_type":
        word = str(given).lower()
        hint = "without quotes" if given in ("true", "false") else ""
        if not hint and word in _BOOLEANS:
            hint = f"write {_BOOLEANS[word]}"
        answer = "type", f"must be true or false, not {shown(given)}", hint
    elif kind == "literal_error":
        allowed = [
            word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")
        ]
        answer = "enum", f"unknown value {shown(given)}", close(str(given), allowed)
    elif kind == "union_tag_invalid":
        allowed = [tag.strip().strip("'") for tag in context["expected_tags"].split(",")]
        answer = "enum", f"unknown value {shown(given)}", close(context["tag"], allowed)
    elif kind == "too_short":
        least, given_length = context["min_length"], context["actual_length"]
        what = f"has {given_length} entr{'y' if given_length == 1 else 'ies'}"
        if not given_length:
            what = "is empty"
        needed = "one entry is" if least == 1 else f"{least} are"
        answer = "count", f"{what}, at least {needed} needed", ""
    elif kind == "too_long":
        most, there = context["max_length"], context["actual_length"]
        answer = "count", f"has {there} entries, at most {most} are allowed", ""
    elif kind == "credential":
        hint = "write {pulumi_config: KEY} or {secret: NAME, key: KEY}"
        answer = "credentials-in-clear", "a credential is named, never written", hint
    else:  # no field asks for anything else; a new one gets a line here
        answer = "type", f"{shown(given)} is not valid here", ""
    return answer


def fields_by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the key that a user writes."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a value of this type may be checked against."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in get_args(annotation) for model in models_in(part)]


def _tags(model: type[BaseModel]) -> set[str]:
    """What pydantic may call a variant of a union: a value of its discriminator, or a key."""
    literals = (get_args(field.annotation) for field in model.model_fields.values())
    tags = {tag for tags in literals for tag in tags if isinstance(tag, str)}
    return tags or set(model.model_fields)


def _partial(
    model: type[M], raw: Map, wrong: Sequence[Path], context: Mapping[str, Any] | None
) -> M:
    """An instance of what is right: what is wrong is missing, at any depth.

    Beside an unknown key, which may be a misspelt one, nothing that is not written has its default.
    """
    fields, below = fields_by_key(model), _by_first(wrong)
    values: dict[str, Any] = {}
    lost = set()
    for name, field in model.model_fields.items():
        key = field.alias or name
        given: Any = raw.get(key)
        if key in below:
            right = _right(_stripped(field.annotation), given, below[key], context)
            if right is None:
                lost.add(name)
            else:
                values[key] = right
        elif given is not None:
            values[key] = _field(model, name).validate_python(given, context=context)
        elif below.keys() - fields.keys():
            lost.add(name)
    instance: M = model.model_construct(**values)
    for name in lost:
        instance.__dict__.pop(name, None)
    return instance


def _right(
    annotation: Any, given: object, wrong: Sequence[Path], context: Mapping[str, Any] | None
) -> object | None:
    """What is right of a value that has something wrong in it; None if it is wrong as a whole."""
    if not isinstance(given, Map) or () in wrong:
        return None
    if get_origin(annotation) is dict:
        entry, below, part = get_args(annotation)[1], _by_first(wrong), PartialMap()
        for key, value in given.items():
            inside = [location for location in below.get(key, ()) if location != ("[key]",)]
            if len(inside) < len(below.get(key, ())):
                part.misnamed.add(key)
            right = (
                _right(_stripped(entry), value, inside, context)
                if inside
                else _entry(entry).validate_python(value, context=context)
            )
            if right is not None:
                part[key] = right
        return part
    models = models_in(annotation)
    if len(models) > 1:  # each location begins with the tag of the variant
        models = [model for model in models if wrong[0][0] in _tags(model)]
        inside = [location[1:] for location in wrong]
        return _right(models[0], given, inside, context) if len(models) == 1 else None
    return _partial(models[0], given, wrong, context) if models else None


def _by_first(locations: Sequence[Path]) -> dict[str | int, list[Path]]:
    """The rest of each location, by its first part."""
    found: dict[str | int, list[Path]] = {}
    for first, *rest in locations:
        found.setdefault(first, []).append(tuple(rest))
    return found


@cache
def _field(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    """The check of a single field, made when first needed: right specs never do."""
    field = model.model_fields[name]
    metadata: list[Any] = list(field.metadata)
    if field.discriminator is not None:
        metadata.append(Field(discriminator=field.discriminator))
    whole: Any = field.annotation
    return TypeAdapter(Annotated[(whole, *metadata)] if metadata else whole)


@cache
def _entry(annotation: Any) -> TypeAdapter[Any]:
    """The check of a map's entry."""
    return TypeAdapter(annotation)
