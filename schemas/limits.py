"""How a platform changes EasyMaker's ranges."""

from dataclasses import replace
from typing import Annotated, Any

from schemas import types as t
from schemas.base import StrictModel
from schemas.ranges import DEFAULTS, Range
from schemas.shape import is_whole


class _Sizes(StrictModel):
    min: Annotated[t.Whole, t.between(1, 1_000_000)] | None = None
    """Smallest value. Without it EasyMaker's counts."""
    max: Annotated[t.Whole, t.between(1, 1_000_000)] | None = None
    """Largest value. Without it EasyMaker's counts."""


class _Durations(StrictModel):
    min: t.Duration | None = None
    """Shortest time. Without it EasyMaker's counts."""
    max: t.Duration | None = None
    """Longest time. Without it EasyMaker's counts."""


class _Counts(StrictModel):
    max: Annotated[t.Whole, t.between(0, 1000)] | None = None
    """Most entries. Without it EasyMaker's figure counts."""


class Limits(StrictModel):
    instances: _Sizes = _Sizes()
    """Instances of a training or a stage. Defaults to 1-10."""
    data_storage: _Sizes = _Sizes()
    """GB of a training's local disk. Defaults to 300-10000."""
    notebook_storage: _Sizes = _Sizes()
    """GB of a notebook's volumes, in steps of 10. Defaults to 10-2040."""
    max_time: _Durations = _Durations()
    """Longest run time that a training may ask for. Defaults to 1h-720h."""
    hyperparameters: _Counts = _Counts()
    """Hyperparameters of a training. Defaults to at most 100."""
    input_data: _Counts = _Counts()
    """Data sets of a training. Defaults to at most 10."""
    tags: _Counts = _Counts()
    """Tags of a resource. Defaults to at most 10."""

    def ranges(self) -> dict[str, Range]:
        """EasyMaker's ranges with what the platform changes, as far as that is right."""
        changed = dict(DEFAULTS)
        for name, default in DEFAULTS.items():
            given: Any = getattr(self, name, ...)
            if not is_whole(given):
                continue
            low = getattr(given, "min", None)
            changed[name] = replace(
                default,
                minimum=default.minimum if low is None else low,
                maximum=default.maximum if given.max is None else given.max,
            )
        return changed
