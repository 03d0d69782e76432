"""How much more a campaign is to run."""

from __future__ import annotations

import re

import msgspec

from tensorsmith.ir.errors import InvalidInputError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Budget(msgspec.Struct, frozen=True):
    """Wall time in seconds and number of tests, both from now on; None for no limit. The first to be used up counts."""

    seconds: float | None = None
    tests: int | None = None


def parse_seconds(text: str) -> float:
    """Seconds in a duration such as `90s`, `10m`, `1.5h`, `1h30m`; a bare number is seconds.

    Raises:
        InvalidInputError: it is none, or zero.
    """
    if re.fullmatch(r"\d+(\.\d+)?", text):
        text += "s"
    seconds = 0.0
    if re.fullmatch(r"(\d+(\.\d+)?[smhd])+", text):
        seconds = sum(float(n) * _SECONDS[unit] for n, _, unit in re.findall(r"(\d+(\.\d+)?)([smhd])", text))
    if seconds <= 0:
        raise InvalidInputError(f"not a duration: {text!r}; write it as 90s, 10m or 2h")
    return seconds


def parse_bytes(text: str) -> int:
    """Bytes in an amount of memory such as `512M` or `6G` (binary units).

    Raises:
        InvalidInputError: it is none, or zero.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG])(?:i?B)?", text, re.IGNORECASE)
    amount = int(float(match[1]) * _BYTES[match[2].upper()]) if match else 0
    if amount <= 0:
        raise InvalidInputError(f"not an amount of memory: {text!r}; write it as 512M or 6G")
    return amount
