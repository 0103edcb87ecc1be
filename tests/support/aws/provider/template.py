"""Parameters of a call, written with the properties that they take: `{cidrBlock}` is a value as it
is, `{tagsAll|list}` one after a change of its form, `{a}:{b}` a text. What is not given is left
out. And the way back: a path into an answer, `Vpcs.0.VpcId`, with the same changes undone."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_WHOLE = re.compile(r"\{(\w+)(?:\|(\w+)(?::([\w-]+))?)?\}")
MISSING = object()
# Where a service does not write a word as the others do.
_WORDS = {
    "SseAlgorithm": "SSEAlgorithm",
    "KmsMasterKeyId": "KMSMasterKeyID",
    "TransitionToIa": "TransitionToIA",
}


def _pascal(value: Any) -> Any:
    """Keys as most services of AWS write them."""
    if isinstance(value, dict):
        named = {key[:1].upper() + key[1:]: _pascal(item) for key, item in value.items()}
        return {_WORDS.get(key, key): item for key, item in named.items()}
    if isinstance(value, list):
        return [_pascal(item) for item in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _encryption(rule: Any) -> Any:
    default = rule["ApplyServerSideEncryptionByDefault"]
    by_default = {
        "sseAlgorithm": default.get("SSEAlgorithm"),
        "kmsMasterKeyId": default.get("KMSMasterKeyID"),
    }
    return {
        "applyServerSideEncryptionByDefault": {k: v for k, v in by_default.items() if v},
        "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
    }


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def _pairs(key: str, value: str) -> Callable[..., Any]:
    return lambda tags, _: [{key: name, value: text} for name, text in tags.items()] or MISSING


def _unpair(key: str, value: str) -> Callable[[Any], Any]:
    return lambda tags: {tag[key]: tag[value] for tag in tags or []}


def _specification(tags: Any, kind: str) -> Any:
    """Tags as EC2 takes them with what it makes."""
    found = _pairs("Key", "Value")(tags, "")
    return MISSING if found is MISSING else [{"ResourceType": kind, "Tags": found}]


def _endpoints(config: Any, _: str) -> Any:
    """What can be changed of a cluster's network."""
    kept = ("subnetIds", "securityGroupIds", "publicAccessCidrs")
    return {k: v for k, v in config.items() if k in kept or k.startswith("endpoint")}


def _routes(settings: Any, _: str) -> Any:
    """The settings of routes, by the route."""
    return {
        each["routeKey"]: _pascal({k: v for k, v in each.items() if k != "routeKey"})
        for each in settings
    }


def _own(tags: Mapping[str, str]) -> Any:
    return {key: text for key, text in tags.items() if not key.startswith("emulated:")}


def _throughput(found: Any) -> Any:
    tags = _unpair("Key", "Value")(found.get("Tags"))
    return tags.get("emulated:throughputMode", found.get("ThroughputMode"))


def _launch(found: Any) -> Any:
    """The launch template of a node group, of the version that it last got."""
    template = found.get("launchTemplate")
    if not template:
        return None
    version = (found.get("tags") or {}).get("emulated:launchTemplate")
    return {**template, "version": version} if version else template


_FORMS: Mapping[str, Callable[..., Any]] = {
    "endpoints": _endpoints,
    "routes": _routes,
    "some": lambda value, _: value or MISSING,
    "sub": lambda value, key: MISSING if value.get(key) is None else value[key],
    # Of us-east-1 alone S3 wants not to hear.
    "elsewhere": lambda region, _: MISSING if region == "us-east-1" else region,
    "list": _pairs("Key", "Value"),
    "kms": _pairs("TagKey", "TagValue"),
    "spec": _specification,
    "keys": lambda names, _: [{"Key": name} for name in names],
    "pascal": lambda value, _: _pascal(value),
    "text": lambda value, _: str(value).lower() if isinstance(value, bool) else str(value),
    "first": lambda value, _: value[0],
    "rules": lambda value, _: [
        {"ID" if k == "Id" else k: v for k, v in _pascal(rule).items()} for rule in value
    ],
    "scheme": lambda internal, _: "internal" if internal else "internet-facing",
    "specs": lambda value, _: [
        {"ResourceType": each["resourceType"], "Tags": _pairs("Key", "Value")(each["tags"], "")}
        for each in value
    ],
}
_BACK: Mapping[str, Callable[[Any], Any]] = {
    "list": _unpair("Key", "Value"),
    "kms": _unpair("TagKey", "TagValue"),
    "camel": _camel,
    "document": lambda value: value if isinstance(value, str) else json.dumps(value),
    "flag": lambda value: str(value).lower() == "true",
    "one": lambda value: [value],
    "own": _own,
    "own_list": lambda tags: _own(_unpair("Key", "Value")(tags)),
    "throughput": _throughput,
    "launch": _launch,
    "named": lambda names: [{"name": name} for name in names],
    "groups": lambda found: [{"autoscalingGroups": found["autoScalingGroups"]}],
    "identities": lambda value: [{"oidcs": [value["oidc"]]}] if value.get("oidc") else [],
    "encryption": lambda rules: [_encryption(rule) for rule in rules],
    "rules": lambda rules: [
        {"id" if key == "iD" else key: item for key, item in _camel(rule).items()} for rule in rules
    ],
}


def placeholders(template: Any) -> set[str]:
    """The properties that a template takes."""
    return {found[0] for found in _WHOLE.findall(json.dumps(template))}


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its values, or MISSING. What lacks a key with a `!` is missing whole."""
    if isinstance(template, Mapping):
        made = {key: fill(item, values) for key, item in template.items()}
        if any(key.startswith("!") and item is MISSING for key, item in made.items()):
            return MISSING
        return {key.lstrip("!"): item for key, item in made.items() if item is not MISSING}
    if isinstance(template, list):
        found = [fill(item, values) for item in template]
        return MISSING if any(item is MISSING for item in found) else found
    return _filled(template, values) if isinstance(template, str) else template


def _filled(template: str, values: Mapping[str, Any]) -> Any:
    if whole := _WHOLE.fullmatch(template):
        return _formed(whole, values)
    parts = {found[0]: _formed(found, values) for found in _WHOLE.finditer(template)}
    if any(part is MISSING for part in parts.values()):
        return MISSING
    return _WHOLE.sub(lambda found: str(parts[found[0]]), template)


def _formed(found: re.Match[str], values: Mapping[str, Any]) -> Any:
    name, form, argument = found.groups()
    value = values.get(name)
    if value is None:
        return MISSING
    if form == "group":
        return {
            "ResourceId": values[argument],
            "ResourceType": "auto-scaling-group",
            **_pascal({k: value[k] for k in ("key", "propagateAtLaunch")}),
            "Value": value["value"],
        }
    return _FORMS[form](value, argument) if form else value


def dig(answer: Any, path: str) -> Any:
    """What lies in an answer at a path, or None; `a,b` is what lies at `a`, otherwise at `b`."""
    first, _, second = path.partition(",")
    if second:
        found = dig(answer, first)
        return dig(answer, second) if found is None else found
    path, _, form = path.partition("|")
    for step in path.split(".") if path else ():
        if isinstance(answer, list):
            answer = answer[int(step)] if int(step) < len(answer) else None
        elif isinstance(answer, Mapping):
            answer = answer.get(step)
        if answer is None:
            return None
    return _BACK[form](answer) if form else answer
