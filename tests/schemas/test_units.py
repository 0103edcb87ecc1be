"""Durations and quantities: read, refused, and written in one way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import units


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("90s", 90), ("15m", 900), ("2h", 7200), ("3d", 259_200)]
)
def test_duration_is_seconds(text: str, seconds: int) -> None:
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "2", "h", "0h", "01h", "1.5h", "-1h", "1h30m", "2 h", "2H", "1h\n"]
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        units.parse_duration(text)


@given(st.integers(1, 10**8))
def test_duration_text_reads_back(seconds: int) -> None:
    assert units.parse_duration(units.duration_text(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1", 1000), ("1.0", 1000), ("1000m", 1000), ("0.5", 500), ("500m", 500), ("1e-3", 1),
     ("0.0001", 1), ("2.5", 2500), ("1e1", 10_000)],
)  # fmt: skip
def test_cpu_is_thousandths(text: str, amount: int) -> None:
    assert units.millicores(text) == amount


@pytest.mark.parametrize(
    "text", ["", "0", "0m", "-1", "1k", "m", "1.5m", "x", "1 ", "1e999", "100000"]
)
def test_other_cpus_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        units.millicores(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("2Gi", 2**31), ("2048Mi", 2**31), ("2147483648", 2**31), ("1.5G", 1_500_000_000),
     ("1k", 1000), ("1Ki", 1024), ("2e9", 2 * 10**9), ("0.0001Ki", 1)],
)  # fmt: skip
def test_memory_is_bytes(text: str, amount: int) -> None:
    assert units.memory_bytes(text) == amount


@pytest.mark.parametrize(
    "text", ["", "0", "0Gi", "-1", "2GB", "2gi", "1.5", "Gi", "1 Gi", "1e999", "1m"]
)
def test_other_memory_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        units.memory_bytes(text)


@given(st.integers(1, 10**8 - 1))
def test_cpu_text_reads_back(amount: int) -> None:
    assert units.millicores(units.cpu_text(amount)) == amount


@given(st.integers(1, 10**13))
def test_memory_text_reads_back(amount: int) -> None:
    assert units.memory_bytes(units.memory_text(amount)) == amount
