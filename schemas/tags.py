"""Tags: labels for people, on trainings, models, endpoints and notebooks."""

from typing import Annotated

from schemas import types as t
from schemas.limits import Limited

Tags = Annotated[dict[t.TagKey, t.TagValue], Limited("tags")]
