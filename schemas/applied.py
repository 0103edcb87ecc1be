"""What was applied before, as the cluster's objects carry it, and whether a spec may follow it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from schemas import kinds, resolved, resolved_cluster
from schemas.document import Document
from schemas.effects import Effect
from schemas.spec import Spec
from schemas.text import Literal

Before = Callable[[resolved.Workspace], Document | None]
"""Finds what was applied of a workspace; None if nothing was."""
Resolved = resolved.Workspace | resolved_cluster.Cluster | resolved_cluster.ClusterAddons
BeforeAny = Callable[[Resolved], Mapping[str, Any] | None]
"""The same of a document of any kind."""


def read(text: str) -> Document:
    """A document that `to_json` wrote, with every hyperparameter as it was typed."""
    document: dict[str, object] = json.loads(text)
    if "hyperparameters" in document:
        typed = json.loads(text, parse_int=Literal, parse_float=Literal)["hyperparameters"]
        document["hyperparameters"] = {key: _literal(value) for key, value in typed.items()}
    return document


def _literal(value: object) -> object:
    return Literal(json.dumps(value)) if isinstance(value, bool) else value


def refuse(spec: Spec, settled: Resolved, before: Mapping[str, Any]) -> None:
    """Report the changes that what was applied before does not allow, at their places."""
    for change in kinds.compare(type(settled).__name__, before, kinds.document(settled)):
        if change.effect is Effect.REFUSED:
            gone = change.new is None
            spec.report("transition", change.path, change.refusal, at_key=gone)
