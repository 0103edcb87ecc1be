"""A workspace: what teams write."""

from typing import Any, Literal, get_origin

from pydantic import Field

from schemas import platform
from schemas import types as t
from schemas.base import StrictModel
from schemas.effects import Effect, OnChange
from schemas.endpoint import Endpoint
from schemas.experiment import Experiment
from schemas.header import Header
from schemas.model import Model
from schemas.notebook import Notebook
from schemas.platform import Platform
from schemas.training import Training

SECTIONS: dict[str, type[StrictModel]] = {
    "experiments": Experiment,
    "trainings": Training,
    "models": Model,
    "endpoints": Endpoint,
    "notebooks": Notebook,
}
"""Of a workspace: maps whose keys are the names of resources."""


class Workspace(Header):
    kind: Literal["Workspace"]
    """Notebooks, trainings, models and endpoints of a team, in a namespace of their own."""
    workspace: t.Name
    """The namespace, and part of every host."""
    platform: Platform
    """What the platform team owns; usually comes from an included file."""
    experiments: dict[t.Name, Experiment] = Field(default_factory=dict)
    """What groups trainings, by name. Defaults to none."""
    trainings: dict[t.Name, Training] = Field(default_factory=dict)
    """Runs of scripts, by name. Defaults to none."""
    models: dict[t.Name, Model] = Field(default_factory=dict)
    """What can be served, by name. Defaults to none."""
    endpoints: dict[t.Name, Endpoint] = Field(default_factory=dict)
    """What is served, by name. Defaults to none."""
    notebooks: dict[t.Name, Notebook] = Field(default_factory=dict)
    """JupyterLab servers, by name. Defaults to none."""


def _maps(model: type[StrictModel]) -> frozenset[str]:
    fields: dict[str, Any] = model.model_fields
    return frozenset(key for key, field in fields.items() if get_origin(field.annotation) is dict)


MERGED: dict[str, frozenset[str]] = {name: frozenset() for name in SECTIONS} | {
    "platform": _maps(Platform)
}
"""The sections whose entries may come from several files, each with those of its own that may."""

CHANGES = {
    "workspace": OnChange(
        Effect.REPLACE,
        "everything is made anew in another namespace; notebook volumes are lost",
        platform.EVERYTHING,
    ),
}
