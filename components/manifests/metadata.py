"""Labels, annotations and names that all objects share."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from schemas.names import LABEL_LENGTH
from schemas.text import to_json

KIND_LABEL = "easymaker.io/kind"
NAME_LABEL = "easymaker.io/name"
ENDPOINT_LABEL = "easymaker.io/endpoint"
"""Of a stage's objects: the endpoint that it belongs to, as two endpoints may name stages alike."""
REVISION_LABEL = "easymaker.io/revision"
SERVES_LABEL = "easymaker.io/serves"
"""Of a stage's Deployments and pods: the version of what they serve. Its Service selects by it."""
LAUNCHER_LABEL = "easymaker.io/launcher"
SPEC_ANNOTATION = "easymaker.io/spec"
TAGS_ANNOTATION = "easymaker.io/tags"
MADE_OF_ANNOTATION = "easymaker.io/made-of"
STACK_ANNOTATION = "easymaker.io/stack"
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Annotation of objects whose pods `pulumi up` does not wait for: their status tells."""
GOES_AT_ONCE = {"pulumi.com/deletionPropagationPolicy": "background"}
"""Annotation of objects that are gone before their pods: one of that name can be made again."""
_OURS = ("easymaker.io/", "app.kubernetes.io/managed-by", "pulumi.com/")


def labels(kind: str, name: str) -> dict[str, str]:
    """What every object carries; selectors are made of these, so they never change."""
    return {"app.kubernetes.io/managed-by": "pulumi", KIND_LABEL: kind, NAME_LABEL: name}


def owner_annotations(spec: Mapping[str, object], tags: Mapping[str, str]) -> dict[str, str]:
    """Of the object that stands for a resource of the spec: the spec it was last applied with."""
    found = {SPEC_ANNOTATION: to_json(spec)}
    if tags:
        found[TAGS_ANNOTATION] = to_json(tags)
    return found


def dns_label(prefix: str, text: str) -> str:
    """`prefix-text` as a DNS label: any other text becomes one, and none becomes another's."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    whole = f"{prefix}-{slug}"
    if slug == text and len(whole) <= LABEL_LENGTH:
        return whole
    tail = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{whole[: LABEL_LENGTH - 9].rstrip('-')}-{tail}"


def ours(entries: Mapping[str, str] | None) -> dict[str, str]:
    """Of a live object's labels or annotations those that builders here write."""
    return {key: value for key, value in (entries or {}).items() if key.startswith(_OURS)}


def kept_metadata(live: Mapping[str, Any]) -> dict[str, Any]:
    """A live object's metadata as it was when a builder here made it."""
    metadata = live["metadata"]
    found: dict[str, Any] = {"name": metadata["name"], "namespace": metadata["namespace"]}
    for part in ("labels", "annotations"):
        if entries := ours(metadata.get(part)):
            found[part] = entries
    return found
