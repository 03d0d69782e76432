"""Durations and amounts of memory as people write them."""

import pytest

from tensorsmith.fuzz.budget import parse_bytes, parse_seconds
from tensorsmith.ir.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400), ("1.5h", 5400), ("45", 45)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "10x", "-5m", "0s", "1e3", "10 m", "nan"])
def test_no_durations(text: str) -> None:
    with pytest.raises(InvalidInputError, match="not a duration"):
        parse_seconds(text)


@pytest.mark.parametrize(
    ("text", "amount"), [("512M", 512 << 20), ("6G", 6 << 30), ("1.5GiB", 3 << 29), ("100k", 102400)]
)
def test_amounts(text: str, amount: int) -> None:
    assert parse_bytes(text) == amount


@pytest.mark.parametrize("text", ["", "6", "0G", "-1G", "6T", "G"])
def test_no_amounts(text: str) -> None:
    with pytest.raises(InvalidInputError, match="not an amount of memory"):
        parse_bytes(text)
