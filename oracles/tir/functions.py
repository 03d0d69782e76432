"""The functions of floats that generated code calls, on NumPy scalars of their dtype."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np


def round_half_even(value: Any) -> Any:
    """The nearest whole number, ties to even."""
    return np.rint(value)


def round_half_away(value: Any) -> Any:
    """The nearest whole number, ties away from zero."""
    whole = np.trunc(value)
    return whole if abs(value - whole) < 0.5 else whole + np.copysign(value.dtype.type(1), value)


def fma(a: Any, b: Any, c: Any) -> Any:
    """a * b + c rounded once."""
    if not (np.isfinite(a) and np.isfinite(b)):
        return a * b + c
    if not np.isfinite(c):
        return c
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return a * b + c
    near = float(exact)
    # Rounded to odd first, so that the second rounding is as if there were no first.
    if a.dtype.itemsize < 8 and Fraction(near) != exact and not int(np.float64(near).view(np.int64)) & 1:
        near = math.nextafter(near, math.inf if exact > near else -math.inf)
    return a.dtype.type(near)


def rsqrt(value: Any) -> Any:
    """The reciprocal of the square root, in the dtype of `value`."""
    return value.dtype.type(1) / np.sqrt(value)


def sigmoid(value: Any) -> Any:
    """The logistic function, in the dtype of `value`."""
    one = value.dtype.type(1)
    return one / (one + np.exp(-value))


def erf(value: Any) -> Any:
    """The error function, in the dtype of `value`."""
    return value.dtype.type(math.erf(float(value)))


def exp10(value: Any) -> Any:
    """Ten to the power of `value`, in its dtype."""
    return np.power(value.dtype.type(10), value)


# Correctly rounded on every machine, so equal to the last bit.
EXACT: dict[str, Callable[..., Any]] = {
    "sqrt": np.sqrt,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "fabs": np.fabs,
    "round": round_half_even,
    "nearbyint": round_half_even,
    "rint": round_half_even,
    "round_half_away": round_half_away,
    "copysign": np.copysign,
    "fmod": np.fmod,
    "nextafter": np.nextafter,
    "ldexp": np.ldexp,
    "fma": fma,
}
# Right to a few units in the last place.
INEXACT: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "exp2": np.exp2,
    "exp10": exp10,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "atan": np.arctan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "atan2": np.arctan2,
    "pow": np.power,
    "hypot": np.hypot,
    "sigmoid": sigmoid,
    "erf": erf,
    "rsqrt": rsqrt,
}
