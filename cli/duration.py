"""Durations as options take them."""

import click

from schemas.units import parse_duration


class Duration(click.ParamType[int]):
    """`90s`, `15m`, `2h`, `3d`; the value is in seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        try:
            return parse_duration(str(value))
        except ValueError:
            self.fail(f"{value!r} is no duration such as 90s, 15m or 2h", param, ctx)
