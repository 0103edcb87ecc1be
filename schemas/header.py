"""What every kind of document starts with."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import StrictModel
from schemas.scalar import pattern

API_VERSION = "easymaker/v1"
FilePath = Annotated[
    str,
    *pattern("[^/~\\\\\\x00-\\x1f\\x7f][^\\\\\\x00-\\x1f\\x7f]*", "include", "relative path", 1024),
]


class Header(StrictModel):
    api_version: Literal["easymaker/v1"]
    """Version of this language."""
    include: list[FilePath] = Field(default_factory=list)
    """Further files, by paths relative to this one. Their sections merge with this file's by name;
    a name declared twice is an error. Defaults to none."""
