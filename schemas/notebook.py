"""A notebook: JupyterLab with a volume that stays."""

from typing import Annotated, Literal

from pydantic import Field

from schemas import types as t
from schemas.base import StrictModel
from schemas.effects import IN_PLACE, REOPEN, Cost, Effect, OnChange
from schemas.ranges import Within
from schemas.scalar import free_text
from schemas.tags import Tags

DisplayName = Annotated[str, *free_text(50, 1)]


class Notebook(StrictModel):
    display_name: DisplayName | None = None
    """Name for people. Defaults to the key."""
    description: t.Description = ""
    """What it is about. Defaults to none."""
    image: t.Reference
    """Notebook image, a name of `platform.images`."""
    flavor: t.Reference
    """Size, a name of `platform.flavors`."""
    boot_storage: Annotated[t.Whole, Within("notebook_storage")]
    """GB for the system and base environments, in steps of 10; fresh at every start."""
    data_storage: Annotated[t.Whole, Within("notebook_storage")]
    """GB at /root/easymaker, in steps of 10; kept over restarts."""
    nas: dict[t.FolderName, t.NasAddress] = Field(default_factory=dict)
    """NAS paths to mount, by the name of the mount folder. Defaults to none."""
    tags: Tags = Field(default_factory=dict)
    """Labels for people. Defaults to none."""
    state: Literal["running", "stopped"] = "running"
    """`stopped` removes the pod and keeps the data volume. Defaults to running."""
    deletion_protection: bool = False
    """Whether leaving the spec is refused. Defaults to deletable."""


_FIXED = OnChange(Effect.REFUSED, "a volume keeps its size; a new notebook can have another")
CHANGES = {
    "display_name": IN_PLACE,
    "description": IN_PLACE,
    "image": REOPEN,
    "flavor": REOPEN,
    "boot_storage": _FIXED,
    "data_storage": _FIXED,
    "nas": REOPEN,
    "tags": IN_PLACE,
    "state": OnChange(
        Effect.RESTART,
        "stopping ends kernels and resets the boot volume; /root/easymaker stays",
        (Cost.WORK_INTERRUPTED,),
    ),
    "deletion_protection": IN_PLACE,
}
CREATED = OnChange(Effect.CREATE)
DELETED = OnChange(
    Effect.DELETE,
    "both volumes are deleted with all data on them; NAS stays",
    (Cost.DATA_LOST, Cost.WORK_INTERRUPTED),
)
