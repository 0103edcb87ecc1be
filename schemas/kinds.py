"""The kinds of documents. Only the one that a file names is loaded: most files are workspaces."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from schemas.change import Change
from schemas.header import Header
from schemas.spec import Spec


class _Parts(NamedTuple):
    """Where the parts of a kind are, as `module:name`."""

    schema: str
    document: str
    compare: str
    check: str = ""
    resolve: str = ""


# A workspace is checked part by part in `check`, and resolved in `load`.
_KINDS = {
    "Workspace": _Parts("workspace:Workspace", "document:workspace_document", "changes:compare"),
    "Cluster": _Parts(
        "cluster:Cluster",
        "cluster_document:cluster_document",
        "cluster_changes:compare",
        "rules.cluster:check",
        "resolve_cluster:resolve",
    ),
    "ClusterAddons": _Parts(
        "addons:ClusterAddons",
        "cluster_document:addons_document",
        "cluster_changes:compare_addons",
        "rules.addons:check",
        "resolve_addons:resolve",
    ),
}
NAMES = tuple(_KINDS)
CLUSTER_MAPS = ("access", "pools", "file_systems", "buckets", "addons", "tags")
"""The sections of the others that several files may share."""


def model(kind: str) -> type[Header]:
    """The schema of a kind."""
    found: type[Header] = _part(_KINDS[kind].schema)
    return found


def models() -> dict[str, type[Header]]:
    """The schemas of all kinds."""
    return {kind: model(kind) for kind in NAMES}


def check(kind: str, spec: Spec) -> None:
    """Report what breaks a rule between the parts of a document that is no workspace."""
    _part(_KINDS[kind].check)(spec, spec.document)


def resolve(kind: str, spec: Spec) -> Any:
    """Resolve a document that broke no rule and is no workspace."""
    return _part(_KINDS[kind].resolve)(spec.document)


def document(resolved: object) -> dict[str, object]:
    """A resolved spec of any kind as the document that says the same."""
    write: Callable[[object], dict[str, object]]
    write = _part(_KINDS[type(resolved).__name__].document)  # both are called as the kind is
    return write(resolved)


def compare(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """All changes that lead from one document of a kind to another."""
    found: list[Change] = _part(_KINDS[kind].compare)(old, new)
    return found


def _part(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(f"schemas.{module}"), name)
