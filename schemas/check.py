"""From the merged tree to models: the shape of every part, then the rules between them."""

from collections.abc import Set
from dataclasses import replace

from pydantic_core import PydanticCustomError

from schemas import copies, kinds, shape
from schemas.base import shown
from schemas.errors import Issue, distinct
from schemas.files import OWN_KEYS, Loaded
from schemas.header import Header
from schemas.nearest import close, listed, nearest
from schemas.platform import Platform
from schemas.ranges import DEFAULTS
from schemas.rules import check_rules
from schemas.shape import fields_by_key, is_astray
from schemas.spec import Spec, has, root_mark
from schemas.tree import Map, Mark, scalar_text
from schemas.types import check_name
from schemas.workspace import SECTIONS, Workspace

_KIND_HINT = "a file that another includes is checked with that one"


def check(loaded: Loaded) -> Spec:
    """Check a merged tree; the result's `issues` are all that was found, in file order."""
    tree = loaded.tree
    assert tree is not None  # noqa: S101
    spec = Spec(tree, root_mark(loaded.sources[loaded.names[0]]), list(loaded.issues))
    name = _kind(spec)
    if not name:
        # What else it should hold nobody knows.
        of_any = _only(tree, set(fields_by_key(Header)))
        spec.issues += shape.fit(Header, of_any, (), spec.root, None)[1]
        spec.issues = in_order(spec.issues, loaded)
        return spec
    model = kinds.model(name)
    parts = set(SECTIONS) | {"platform"} if model is Workspace else set()
    header = _only(tree, tree.keys() - parts)
    instance, issues = shape.fit(model, header, (), spec.root, None)
    issues = [_of_another_kind(issue) for issue in issues]
    judged = [("missing-key", "kind"), ("enum", "kind")]  # above
    if loaded.broken:  # it may be in a file that cannot be read
        judged += [("missing-key", key) for key in fields_by_key(model).keys() - {*OWN_KEYS}]
    elif "platform" in tree:
        judged.append(("missing-key", "platform"))
    spec.issues += [issue for issue in issues if (issue.rule, issue.path) not in judged]
    if model is Workspace:
        spec.workspace = getattr(instance, "workspace", "")
        _platform(spec)
        _sections(spec)
        if not loaded.broken:
            check_rules(spec)
    else:
        spec.document = instance
        if not loaded.broken:
            kinds.check(name, spec)
    spec.issues = in_order(spec.issues, loaded)
    return spec


def _kind(spec: Spec) -> str:
    """The kind that it is or was meant to be; empty if nobody knows. Reports what is none."""
    kind = spec.tree.get("kind")
    if isinstance(kind, str) and kind in kinds.NAMES:
        return kind
    if kind is not None:
        hint = close(str(kind) if scalar_text(kind) else "", kinds.NAMES)
        spec.report("enum", ("kind",), f"unknown value {shown(kind)}", hint)
        return nearest(kind, list(kinds.NAMES)) if isinstance(kind, str) else ""
    if "kind" not in spec.tree:  # else the parser has said that there is no value
        hint = f"one of {listed(kinds.NAMES)}; {_KIND_HINT}"
        spec.report("missing-key", ("kind",), "this key is required", hint)
    return ""


def _of_another_kind(issue: Issue) -> Issue:
    """An unknown key that documents of other kinds have says which."""
    if issue.rule != "unknown-key" or "." in issue.path:
        return issue
    owners = [kind for kind, model in kinds.models().items() if issue.path in fields_by_key(model)]
    return replace(issue, hint=f"it is of kind: {listed(owners)}") if owners else issue


def _only(tree: Map, keys: Set[str]) -> Map:
    """A mapping's entries of these keys, with their marks."""
    part = Map()
    for key, value in tree.items():
        if key in keys:
            part[key], part.marks[key] = value, tree.marks[key]
    return part


def in_order(issues: list[Issue], loaded: Loaded) -> list[Issue]:
    """By file as read, line and column; what two paths share (copies, aliases) counts once."""
    order = {name: index for index, name in enumerate(loaded.names)}

    def place(issue: Issue) -> tuple[int, int, int]:
        at = issue.position
        return order.get(at.file, len(order)), at.line, at.column

    return sorted(distinct(issues), key=place)


def _platform(spec: Spec) -> None:
    raw = spec.tree.get("platform")
    if not isinstance(raw, Map):
        if raw is not None:
            spec.report("type", ("platform",), f"must be a mapping, not {shown(raw)}")
        return
    platform, issues = shape.fit(Platform, raw, ("platform",), spec.tree.marks["platform"], None)
    spec.issues += issues
    spec.platform = platform
    spec.limits = platform.limits.ranges() if has(platform, "limits") else DEFAULTS


def _sections(spec: Spec) -> None:
    loose: set[str] = set()
    for section, model in SECTIONS.items():
        found: dict[str, object] = {}
        spec.sections[section] = found
        raw = spec.tree.get(section)
        if not isinstance(raw, Map):
            if raw is not None:
                spec.report("type", (section,), f"must be a mapping, not {shown(raw)}")
            continue
        if section == "trainings":
            raw, problems, loose = copies.follow(raw)
            spec.tree[section] = raw
            for rule, path, message, hint in problems:
                spec.report(rule, path, message, hint)
        for name, value in raw.items():
            mark = raw.marks[name]
            _name(spec, (section, name), mark)
            if not isinstance(value, Map):
                if value is not None:
                    told = "***" if is_astray(name, value) else shown(value)
                    spec.report("type", (section, name), f"must be a mapping, not {told}")
                continue
            instance, issues = shape.fit(model, value, (section, name), mark, spec.limits)
            if section == "trainings" and name in loose:  # what the copy would bring is not missing
                issues = [issue for issue in issues if issue.rule != "missing-key"]
            spec.issues += issues
            found[name] = instance


def _name(spec: Spec, path: tuple[str, str], mark: Mark) -> None:
    try:
        check_name(path[1])
    except PydanticCustomError as error:
        context = error.context or {}
        spec.report(error.type, path, context["message"], context["hint"], at_key=True)
