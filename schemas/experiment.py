"""An experiment: what groups trainings, with one TensorBoard."""

from schemas import types as t
from schemas.base import StrictModel
from schemas.effects import IN_PLACE, Effect, OnChange


class Experiment(StrictModel):
    description: t.Description = ""
    """What it is about. Defaults to none."""


CHANGES = {"description": IN_PLACE}
CREATED = OnChange(Effect.CREATE)
DELETED = OnChange(Effect.DELETE, "its TensorBoard goes; event files stay in object storage")
