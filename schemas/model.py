"""A model: what a stage serves, from a training or from a folder of artifacts."""

from typing import Annotated

from pydantic import Field

from schemas import types as t
from schemas.base import StrictModel
from schemas.compute import Framework
from schemas.effects import IN_PLACE, Effect, OnChange
from schemas.scalar import pattern
from schemas.tags import Tags

ModelName = Annotated[
    str,
    *pattern(
        "[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?",
        "model-name",
        "name of a model: letters, digits, '_', '-' and '.' between them",
        50,
    ),
]


class Model(StrictModel):
    description: t.Description = ""
    """What it is about. Defaults to none."""
    framework: Framework
    """Framework that made it; `platform.serving` must have a server for it."""
    framework_version: t.Version
    """Version of the framework."""
    training: t.Reference | None = None
    """Training that makes it: its newest complete revision is served. Without it `path` is."""
    path: t.StorageAddress | None = None
    """Folder of the artifacts, for a model that no training of this spec makes. Without it the
    source is `training`."""
    model_name: ModelName | None = None
    """Name that the artifact gives itself, as PyTorch archives do: they load under no other one.
    Defaults to the key."""
    tags: Tags = Field(default_factory=dict)
    """Labels for people. Defaults to none."""


_SERVED_ANEW = OnChange(
    Effect.RESTART, "stages that serve it are replaced instance by instance; serving goes on"
)
_SERVED_NEXT = OnChange(
    Effect.RESTART,
    "in stages that serve it, its instances take over together, once all of them are ready; "
    "serving goes on",
)
CHANGES = {
    "description": IN_PLACE,
    "framework": _SERVED_ANEW,
    "framework_version": _SERVED_ANEW,
    "training": _SERVED_NEXT,
    "path": _SERVED_NEXT,
    "model_name": _SERVED_ANEW,
    "tags": IN_PLACE,
}
CREATED = OnChange(Effect.CREATE)
DELETED = OnChange(Effect.DELETE, "its record goes; artifacts stay in storage")
