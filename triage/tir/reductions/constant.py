"""Constants of any dtype."""

from __future__ import annotations

from typing import Any

from tensorsmith.ir.tir import DTYPES, integer_range
from tensorsmith.targets.tvm import adapter


def constant(dtype: str, value: float) -> Any:
    """A constant of a dtype, a vector of equal ones where the dtype has lanes; integers are clamped to their range.

    Raises:
        ValueError: the dtype is no number's.
    """
    tirx = adapter.tvm().tirx
    scalar, _, lanes = dtype.partition("x")
    if lanes:
        return tirx.Broadcast(constant(scalar, value), int(lanes))
    if scalar.startswith(("float", "bfloat")):
        return tirx.FloatImm(scalar, float(value))
    if scalar not in DTYPES:
        raise ValueError(f"no constants of {dtype}")
    least, greatest = integer_range(scalar)
    return tirx.IntImm(scalar, min(max(int(value), least), greatest))
