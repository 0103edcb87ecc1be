"""A model: what a stage serves, from a training or from a folder of artifacts."""

from pydantic import Field

from schemas import types as t
from schemas.base import StrictModel
from schemas.platform import Framework
from schemas.tags import Tags


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
    """Folder of the artifacts, for a model that no training of this spec makes."""
    model_name: t.ModelName | None = None
    """Name that the artifact gives itself, where it is not the key: PyTorch archives have one."""
    tags: Tags = Field(default_factory=dict)
    """Labels for people. Defaults to none."""
