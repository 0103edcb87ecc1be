"""Ranges of numbers, times and counts: fixed ones, and EasyMaker's, which a platform can change."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from schemas.base import refused
from schemas.units import duration_text, parse_duration


@dataclass(frozen=True, slots=True)
class Range:
    """What a number, a duration (in seconds) or a count of entries may be."""

    minimum: int
    maximum: int
    unit: str = ""
    step: int = 1
    is_count: bool = False

    def text(self, value: int) -> str:
        """A value with its unit."""
        if self.unit == "s":
            return duration_text(value)
        return f"{value} {self.unit}" if self.unit else str(value)


# [G] and [E] figures of the guides; sizes are in GB, which are GiB here as there.
DEFAULTS: dict[str, Range] = {
    "instances": Range(1, 10),
    "data_storage": Range(300, 10_000, "GB"),
    "notebook_storage": Range(10, 2040, "GB", step=10),
    "max_time": Range(parse_duration("1h"), parse_duration("720h"), "s"),
    "hyperparameters": Range(0, 100, is_count=True),
    "input_data": Range(0, 10, is_count=True),
    "tags": Range(0, 10, is_count=True),
}


@dataclass(frozen=True, slots=True)
class Within:
    """Metadata of a field: its range, or the name of one in the validation context.

    The context is a mapping like `DEFAULTS`; without one EasyMaker's ranges count.
    """

    allowed: Range | str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "x-range": self.allowed}

    def _check(self, value: Any, info: ValidationInfo) -> Any:
        allowed = self.allowed
        if isinstance(allowed, str):
            allowed = (info.context or DEFAULTS)[allowed]
        if allowed.is_count:
            if len(value) > allowed.maximum:
                message = f"has {len(value)} entries, at most {allowed.maximum} are allowed"
                raise refused("count", message)
        elif not allowed.minimum <= value <= allowed.maximum:
            low, high = allowed.text(allowed.minimum), allowed.text(allowed.maximum)
            raise refused("range", f"must be from {low} to {high}, not {allowed.text(value)}")
        elif value % allowed.step:
            lower = value - value % allowed.step
            near = [n for n in (lower, lower + allowed.step) if n <= allowed.maximum]
            message = f"must be a multiple of {allowed.text(allowed.step)}, not {value}"
            raise refused("step", message, f"use {' or '.join(map(str, near))}")
        return value
