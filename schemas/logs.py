"""Where the records of log management are sent."""

from typing import Annotated, Literal

from pydantic import Field

from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel
from schemas.storage import Credentials

FLUENT_BIT = "fluent/fluent-bit:4.1.1"


class Loki(StrictModel):
    type: Literal["loki"]
    """Grafana Loki."""
    url: c.Url
    """Where it answers, without `/loki/api/v1/push`."""
    tenant: t.Word | None = None
    """X-Scope-OrgID. Without it none is sent."""
    credentials: Credentials | None = None
    """User and password. Without it none are sent. A Secret is one of the collector's namespace."""
    image: c.FullImage = FLUENT_BIT
    """Fluent Bit, 4 or newer. Defaults to a pinned release of its own."""


class OpenSearch(StrictModel):
    type: Literal["opensearch"]
    """OpenSearch."""
    url: c.Url
    """Where it answers."""
    index: t.Word = "easymaker"
    """Index that records go to. Defaults to `easymaker`."""
    credentials: Credentials | None = None
    """User and password. Without it none are sent. A Secret is one of the collector's namespace."""
    image: c.FullImage = FLUENT_BIT
    """Fluent Bit, 4 or newer. Defaults to a pinned release of its own."""


class CloudWatch(StrictModel):
    type: Literal["cloudwatch"]
    """Amazon CloudWatch Logs."""
    region: t.Word
    """AWS region."""
    log_group: t.Word = "easymaker"
    """Log group, which is made if it is missing. Defaults to `easymaker`."""
    credentials: Credentials | None = None
    """Access key, which is needed but on AWS. Without it the collector has a role there that writes
    to this group. A Secret is one of the collector's namespace."""
    image: c.FullImage = FLUENT_BIT
    """Fluent Bit, 4 or newer. Defaults to a pinned release of its own."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://logs.{self.region}.amazonaws.com"


Logs = Annotated[Loki | OpenSearch | CloudWatch, Field(discriminator="type")]
