"""Tags: labels for people, on trainings, models, endpoints and notebooks."""

from typing import Annotated

from schemas.limits import Limited
from schemas.scalar import free_text

_Key = Annotated[str, *free_text(64, 1)]
_Value = Annotated[str, *free_text(255)]
Tags = Annotated[dict[_Key, _Value], Limited("tags")]
