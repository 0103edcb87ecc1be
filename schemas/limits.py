"""EasyMaker's ranges, and how a platform changes them."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from schemas import types as t
from schemas.base import StrictModel, refused
from schemas.units import duration_text, parse_duration


@dataclass(frozen=True, slots=True)
class Range:
    """What a number, a duration (in seconds) or a count may be."""

    minimum: int
    maximum: int
    unit: str = ""
    step: int = 1
    has_minimum: bool = True

    def text(self, value: int) -> str:
        return duration_text(value) if self.unit == "s" else str(value)


# [G] and [E] figures of the guides; sizes are in GB, which are GiB here as there.
DEFAULTS: dict[str, Range] = {
    "instances": Range(1, 10),
    "data_storage": Range(300, 10_000, "GB"),
    "notebook_storage": Range(10, 2040, "GB", step=10),
    "max_time": Range(parse_duration("1h"), parse_duration("720h"), "s"),
    "hyperparameters": Range(0, 100, has_minimum=False),
    "input_data": Range(0, 10, has_minimum=False),
    "tags": Range(0, 10, has_minimum=False),
}


@dataclass(frozen=True, slots=True)
class Limited:
    """Metadata of a field whose range the platform can change: `Annotated[int, Limited("x")]`.

    The range comes from the validation context (a mapping like `DEFAULTS`).
    """

    name: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "x-limit": self.name}

    def _check(self, value: Any, info: ValidationInfo) -> Any:
        limits = info.context or DEFAULTS
        allowed: Range = limits[self.name]
        if isinstance(value, dict):
            if len(value) > allowed.maximum:
                count = f"{len(value)} entries, at most {allowed.maximum} are allowed"
                raise refused("count", count)
            return value
        low, high = allowed.text(allowed.minimum), allowed.text(allowed.maximum)
        if not allowed.minimum <= value <= allowed.maximum:
            message = f"must be {low} to {high}{_of(allowed)}, not {allowed.text(value)}"
            raise refused("range", message)
        if value % allowed.step:
            lower = value - value % allowed.step
            near = [n for n in (lower, lower + allowed.step) if n <= allowed.maximum]
            message = f"must be a multiple of {allowed.step}{_of(allowed)}, not {value}"
            raise refused("step", message, f"use {' or '.join(map(str, near))}")
        return value


def _of(allowed: Range) -> str:
    return f" {allowed.unit}" if allowed.unit == "GB" else ""


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
        """EasyMaker's ranges with what the platform changes."""
        changed = dict(DEFAULTS)
        for name, default in DEFAULTS.items():
            given = getattr(self, name)
            low = getattr(given, "min", None)
            changed[name] = replace(
                default,
                minimum=default.minimum if low is None else low,
                maximum=default.maximum if given.max is None else given.max,
            )
        return changed
