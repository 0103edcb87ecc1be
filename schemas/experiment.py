"""An experiment: what groups trainings, with one TensorBoard."""

from schemas import types as t
from schemas.base import StrictModel


class Experiment(StrictModel):
    description: t.Description = ""
    """What it is about. Defaults to none."""
