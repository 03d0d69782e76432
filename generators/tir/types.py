"""Typed expressions, the ranges of their values, and the choice of dtypes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import numpy as np

from tensorsmith.ir.tir import BFLOAT16, FLOAT_DTYPES, INTEGER_DTYPES, integer_range

INDEX_DTYPES = ("int32", "int64")
_COMMON = (*INTEGER_DTYPES, "int32", "int32", "int32", "int64", *FLOAT_DTYPES, "float32", "float32", "bool")
_LIKELY = (*_COMMON, *_COMMON, BFLOAT16)


@dataclass(frozen=True)
class Typed:
    """An expression.

    Attributes:
        node: TVM's node.
        dtype: its dtype.
        low: an integer is at least this, whatever the inputs.
        high: an integer is at most this.
    """

    node: Any
    dtype: str
    low: int = 0
    high: int = 0


def is_float(dtype: str) -> bool:
    """Whether a dtype is of floats."""
    return dtype in FLOAT_DTYPES or dtype == BFLOAT16


@cache
def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """NumPy's dtype of that name; bfloat16 is that of a package that comes with TVM."""
    kind: Any = dtype
    if dtype == BFLOAT16:
        from ml_dtypes import bfloat16 as kind
    made: np.dtype[Any] = np.dtype(kind)
    return made


def bits(dtype: str) -> int:
    """The size of an integer dtype."""
    return int(dtype.removeprefix("u").removeprefix("int"))


def any_dtype(rng: Random) -> str:
    """A dtype of buffers; int32, int64 and float32 more often than others, bfloat16 less often."""
    return rng.choice(_LIKELY)


def value_range(rng: Random, dtype: str) -> tuple[int, int]:
    """A range that an integer buffer keeps to: small, of positives, or all of the dtype."""
    least, greatest = integer_range(dtype)
    low, high = rng.choice([(-8, 8), (0, 15), (1, 9), (-100, 100), (-1000, 1000), (least, greatest)])
    return max(low, least), min(high, greatest)
