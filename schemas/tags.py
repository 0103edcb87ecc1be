"""Tags: labels for people, on trainings, models, endpoints and notebooks."""

from typing import Annotated

from schemas.ranges import Within
from schemas.scalar import free_key, free_text

_Key = Annotated[str, *free_key(64)]
_Value = Annotated[str, *free_text(255)]
Tags = Annotated[dict[_Key, _Value], Within("tags")]
