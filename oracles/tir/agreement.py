"""Whether buffers after a compiled run are what the reference says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_ULPS = 64  # a transcendental function, and what a sum or a product makes of its error


def disagreement(expected: Mapping[str, Array], actual: Mapping[str, Array], inexact: bool = False) -> str | None:
    """The first element that differs, in words, or None.

    Args:
        expected: the reference's buffers, by name.
        actual: the compiled function's, of the same dtypes and shapes.
        inexact: floats may differ by some units in the last place; else to the bit, but for what NaN holds.
    """
    for name, wanted in expected.items():
        got = actual[name]
        differs = ~_equal(wanted, got, inexact)
        if differs.any():
            where = tuple(int(i) for i in np.argwhere(differs)[0])
            count = int(differs.sum())
            return f"{name}{list(where)} is {got[where]}, expected {wanted[where]} ({count} of {wanted.size} differ)"
    return None


def epsilon(dtype: np.dtype[Any]) -> float:
    """The distance from 1 to the next float of a dtype, bfloat16 included."""
    return float(np.finfo(dtype).eps) if dtype.kind == "f" else 2.0**-7


def _equal(wanted: Array, got: Array, close: bool) -> Array:
    if wanted.dtype.kind in "iub":
        return np.asarray(wanted == got)
    same = (wanted == got) & (np.signbit(wanted) == np.signbit(got))
    both_nan = np.isnan(wanted) & np.isnan(got)
    if not close:
        return np.asarray(same | both_nan)
    tolerance = _ULPS * epsilon(wanted.dtype)
    with np.errstate(all="ignore"):
        near = np.isclose(got.astype("float64"), wanted.astype("float64"), rtol=tolerance, atol=tolerance)
    return np.asarray(same | both_nan | near)
