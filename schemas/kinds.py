"""The kinds of documents. Only the one that a file names is loaded: most files are workspaces."""

import importlib
from typing import Any

from schemas.header import Header
from schemas.spec import Spec

# Each with its schema, its rules and how it is resolved. Those of a workspace, which is checked
# part by part, are in `check` and `load`.
_MODULES = {
    "Workspace": ("schemas.workspace", "", ""),
    "Cluster": ("schemas.cluster", "schemas.rules.cluster", "schemas.resolve_cluster"),
    "ClusterAddons": ("schemas.addons", "schemas.rules.addons", "schemas.resolve_addons"),
}
NAMES = tuple(_MODULES)
CLUSTER_MAPS = ("access", "pools", "file_systems", "buckets", "addons", "tags", "images")
"""The sections of the others that several files may share."""


def model(kind: str) -> type[Header]:
    """The schema of a kind."""
    found: type[Header] = getattr(importlib.import_module(_MODULES[kind][0]), kind)
    return found


def models() -> dict[str, type[Header]]:
    """The schemas of all kinds."""
    return {kind: model(kind) for kind in NAMES}


def check(kind: str, spec: Spec) -> None:
    """Report what breaks a rule between the parts of a document that is no workspace."""
    importlib.import_module(_MODULES[kind][1]).check(spec, spec.document)


def resolve(kind: str, spec: Spec) -> Any:
    """Resolve a document that broke no rule and is no workspace."""
    return importlib.import_module(_MODULES[kind][2]).resolve(spec.document)
