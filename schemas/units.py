"""Durations and Kubernetes quantities: one canonical text for each amount."""

import re
from fractions import Fraction

DURATION = re.compile(r"(?P<count>[1-9][0-9]{0,8})(?P<unit>[smhd])\Z")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
QUANTITY = re.compile(r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,9})?)(?P<suffix>m|[kMGTP]i?|Ki)?\Z")
_BYTES = {"": 1} | {
    name: factor
    for power, letter in enumerate("kMGTP", 1)
    for name, factor in ((letter, 1000**power), (f"{letter.upper()}i", 1024**power))
}


def parse_duration(text: str) -> int:
    """Seconds of `90s`, `15m`, `2h` or `3d`.

    Raises:
        ValueError: it is written otherwise.

    """
    match = DURATION.match(text)
    if not match:
        raise ValueError(text)
    return int(match["count"]) * SECONDS[match["unit"]]


def duration_text(seconds: int) -> str:
    """The shortest way to write so many seconds; hours are not turned into days."""
    for unit in "hm":
        if seconds % SECONDS[unit] == 0:
            return f"{seconds // SECONDS[unit]}{unit}"
    return f"{seconds}s"


def millicores(text: str) -> int:
    """Thousandths of a CPU of `2`, `0.5` or `500m`.

    Raises:
        ValueError: it is written otherwise, is zero or finer than a thousandth.

    """
    match = QUANTITY.match(text)
    if not match or match["suffix"] not in (None, "m"):
        raise ValueError(text)
    amount = Fraction(match["number"]) * (1 if match["suffix"] else 1000)
    if amount.denominator != 1 or amount == 0:
        raise ValueError(text)
    return int(amount)


def memory_bytes(text: str) -> int:
    """Bytes of `2Gi`, `512Mi`, `1.5G` or a plain number of bytes.

    Raises:
        ValueError: it is written otherwise, is zero or not a whole number of bytes.

    """
    match = QUANTITY.match(text)
    if not match or match["suffix"] == "m":
        raise ValueError(text)
    amount = Fraction(match["number"]) * _BYTES[match["suffix"] or ""]
    if amount.denominator != 1 or amount == 0:
        raise ValueError(text)
    return int(amount)


def cpu_text(amount: int) -> str:
    """Thousandths of a CPU as Kubernetes writes them: `2`, `500m`."""
    return f"{amount}m" if amount % 1000 else str(amount // 1000)


def memory_text(amount: int) -> str:
    """Bytes as Kubernetes writes them: `2Gi`, `1536Mi`, `1500M`."""
    for unit in ("Pi", "Ti", "Gi", "Mi", "Ki", "P", "T", "G", "M", "k"):
        if amount % _BYTES[unit] == 0:
            return f"{amount // _BYTES[unit]}{unit}"
    return str(amount)
