"""An endpoint with its stages: models served over HTTP."""

from typing import Annotated

from pydantic import Field

from schemas import types as t
from schemas.base import StrictModel
from schemas.limits import Limited
from schemas.tags import Tags


class Stage(StrictModel):
    description: t.Description = ""
    """What it is about. Defaults to none."""
    model: t.Reference
    """Model to serve, a name of `models`."""
    resource_path: t.ResourcePath
    """Path that takes requests, such as `/inference`."""
    flavor: t.Reference
    """Size of each instance, a name of `platform.flavors`."""
    instances: Annotated[t.Whole, Limited("instances")] = 1
    """Servers that share the requests. Defaults to one, which serves nothing while it is replaced
    on a lost node."""


class Endpoint(StrictModel):
    description: t.Description = ""
    """What it is about. Defaults to none."""
    default_stage: t.Reference
    """Stage that the endpoint's own host serves, a name of `stages`."""
    stages: Annotated[dict[t.Name, Stage], Field(min_length=1)]
    """What is served, each under a host of its own."""
    log_management: bool = False
    """Whether access logs are JSON lines with EasyMaker's fields. Defaults to plain lines."""
    tags: Tags = Field(default_factory=dict)
    """Labels for people. Defaults to none."""
    deletion_protection: bool = False
    """Whether leaving the spec is refused. Defaults to deletable."""
