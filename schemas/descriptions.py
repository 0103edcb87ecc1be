"""Descriptions of fields: the text under each field, and what a change of it does.

Read from the modules' source when a schema or page is written, so that loading a spec does not pay
for it.
"""

import ast
import inspect
import itertools
import sys
from collections.abc import Iterator

from pydantic import BaseModel

from schemas import (
    addons,
    cluster,
    endpoint,
    experiment,
    model,
    notebook,
    platform,
    training,
    workspace,
)
from schemas.effects import OnChange
from schemas.shape import fields_by_key, models_in

_TABLES: tuple[tuple[type[BaseModel], dict[str, OnChange]], ...] = (
    (workspace.Workspace, workspace.CHANGES),
    (experiment.Experiment, experiment.CHANGES),
    (training.Training, training.CHANGES),
    (model.Model, model.CHANGES),
    (endpoint.Endpoint, endpoint.CHANGES),
    (endpoint.Stage, endpoint.STAGE_CHANGES),
    (notebook.Notebook, notebook.CHANGES),
    (platform.Platform, platform.CHANGES),
    (cluster.Cluster, cluster.CHANGES),
    (cluster.NewNetwork, cluster.NETWORK_CHANGES),
    (cluster.NodePool, cluster.POOL_CHANGES),
    (cluster.NodeTaint, cluster.TAINT_CHANGES),
    (cluster.FileSystem, cluster.FILE_SYSTEM_CHANGES),
    (cluster.Bucket, cluster.BUCKET_CHANGES),
    (addons.ClusterAddons, addons.CHANGES),
    (addons.AddonGateway, addons.GATEWAY_CHANGES),
)


def descriptions(of: type[BaseModel]) -> dict[str, str]:
    """The description of each field of a schema, by its key, with what changing it does."""
    changes = on_changes(of)
    texts = _texts(of)
    described = {}
    for key, field in fields_by_key(of).items():
        name = next(name for name, info in of.model_fields.items() if info is field)
        change = f" Changing it: {changes[key]}." if key in changes else ""
        described[key] = texts[name] + change
    return described


def on_changes(of: type[BaseModel]) -> dict[str, OnChange]:
    """What changing each field does: of its own table, or of the field that the schema is in."""
    for owner, table in _TABLES:
        if owner is of:
            return table
    for owner, table in _TABLES:
        for key, change in table.items():
            if of in _below(fields_by_key(owner)[key].annotation):
                return dict.fromkeys(fields_by_key(of), change)
    return {}


def _below(annotation: object) -> Iterator[type[BaseModel]]:
    for found in models_in(annotation):
        yield found
        for field in found.model_fields.values():
            yield from _below(field.annotation)


def _texts(of: type[BaseModel]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for base in reversed(of.__mro__):
        if issubclass(base, BaseModel) and base.__module__.startswith("schemas."):
            texts |= _class_texts(base)
    return texts


def _class_texts(of: type[BaseModel]) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(sys.modules[of.__module__]))
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == of.__name__).body
    texts = {}
    for field, text in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            texts[field.target.id] = " ".join(str(text.value.value).split())
    return texts
