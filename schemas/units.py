"""Durations and Kubernetes quantities: one canonical text for each amount."""

import math
import re
from fractions import Fraction

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
DURATION_PATTERN = "^[1-9][0-9]{0,8}[smhd]$"
MAX_CPU = 99_999
MAX_MEMORY = 10**17
CPU_PATTERN = r"^(?=.*[1-9])(?:[0-9]{1,5}(?:\.[0-9]{1,9})?|[0-9]{1,8}m)$"
MEMORY_PATTERN = r"^(?=.*[1-9])(?:[0-9]{1,17}|[0-9]{1,12}(?:\.[0-9]{1,9})?(?:[kMGT]|[KMGT]i))$"
_DURATION = re.compile(DURATION_PATTERN)
_CPU = re.compile(CPU_PATTERN)
_MEMORY = re.compile(MEMORY_PATTERN)
_JSON_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_BYTES: dict[str, int] = {"": 1} | {
    name: factor
    for power, letter in enumerate("kMGT", 1)
    for name, factor in ((letter, 1000**power), (f"{letter.upper()}i", 1024**power))
}


def parse_duration(text: str) -> int:
    """Seconds of `90s`, `15m`, `2h` or `3d`.

    Raises:
        ValueError: it is written otherwise.

    """
    if not _DURATION.fullmatch(text):
        raise ValueError(text)
    return int(text[:-1]) * SECONDS[text[-1]]


def duration_text(seconds: int) -> str:
    """The shortest way to write so many seconds; hours are not turned into days."""
    for unit in "hm":
        if seconds % SECONDS[unit] == 0:
            return f"{seconds // SECONDS[unit]}{unit}"
    return f"{seconds}s"


def millicores(text: str) -> int:
    """Thousandths of a CPU of `2`, `0.5`, `500m`; finer amounts go up, as in Kubernetes.

    Raises:
        ValueError: it is written otherwise, is zero or above `MAX_CPU` CPUs.

    """
    if text.endswith("m") and _CPU.fullmatch(text):
        return int(text[:-1])
    amount = _amount(text, _CPU)
    if not 0 < amount <= MAX_CPU:
        raise ValueError(text)
    return math.ceil(amount * 1000)


def memory_bytes(text: str) -> int:
    """Bytes of `2Gi`, `512Mi`, `1.5G` or a plain number of bytes; parts of a byte go up.

    Raises:
        ValueError: it is written otherwise, or is zero.

    """
    number = text.rstrip("kKMGTi")
    if number != text:
        if not _MEMORY.fullmatch(text):
            raise ValueError(text)
        return math.ceil(Fraction(number) * _BYTES[text[len(number) :]])
    amount = _amount(text, _MEMORY)
    if not 0 < amount <= MAX_MEMORY or amount.denominator != 1:
        raise ValueError(text)
    return int(amount)


def _amount(text: str, form: re.Pattern[str]) -> Fraction:
    """A quantity as text, or any number that JSON has."""
    if not form.fullmatch(text) and not _JSON_NUMBER.fullmatch(text):
        raise ValueError(text)
    return Fraction(text)


def cpu_text(amount: int) -> str:
    """Thousandths of a CPU as Kubernetes writes them: `2`, `500m`."""
    return f"{amount}m" if amount % 1000 else str(amount // 1000)


def memory_text(amount: int) -> str:
    """Bytes as Kubernetes writes them: `2Gi`, `1536Mi`, `1500M`."""
    for unit in ("Ti", "Gi", "Mi", "Ki", "T", "G", "M", "k"):
        if amount % _BYTES[unit] == 0:
            return f"{amount // _BYTES[unit]}{unit}"
    return str(amount)
