"""What generated code calls: the operations that are not one Python expression, and the errors that they raise.

Integers are Python's, booleans are Python's or NumPy's, floats are NumPy scalars of their dtype. NumPy's warnings must
be off (`numpy.errstate(all="ignore")`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from tensorsmith.oracles.tir.undefined import Undefined

FLOATS: dict[str, Any] = {"float16": np.float16, "float32": np.float32, "float64": np.float64}
_EXACT_IN_DOUBLE = 1 << 53


def overflow() -> NoReturn:
    """A signed result does not fit in its dtype."""
    raise Undefined("signed overflow")


def out_of_bounds() -> NoReturn:
    """An index is outside its buffer."""
    raise Undefined("out of bounds")


def uninitialized() -> NoReturn:
    """An element is read that nothing has written."""
    raise Undefined("uninitialized read")


def races() -> NoReturn:
    """Iterations of a parallel or vectorized loop may touch the same element, and one writes it."""
    raise Undefined("dependent iterations of a parallel or vectorized loop")


def negative_extent() -> NoReturn:
    """A loop's extent is below zero, which TVM's passes take to be impossible."""
    raise Undefined("negative extent of a loop")


def assertion_fails() -> NoReturn:
    """The condition of an assert is false."""
    raise Undefined("assertion fails")


def out_of_steps() -> NoReturn:
    """The run takes more iterations than allowed."""
    raise Undefined("too many iterations")


def divisor(value: int) -> int:
    """`value`, which must not be zero."""
    if value == 0:
        raise Undefined("division by zero")
    return value


def shift_amount(value: int, bits: int) -> int:
    """`value`, which must be in [0, bits)."""
    if not 0 <= value < bits:
        raise Undefined("shift out of range")
    return value


def trunc_div(a: int, b: int) -> int:
    """Quotient rounded toward zero."""
    quotient = abs(a) // abs(divisor(b))
    return quotient if (a < 0) == (b < 0) else -quotient


def trunc_mod(a: int, b: int) -> int:
    """Remainder of `trunc_div`: it has the sign of `a`."""
    remainder = abs(a) % abs(divisor(b))
    return remainder if a >= 0 else -remainder


def float_to_int(value: Any, low: int, high: int) -> int:
    """`value` rounded toward zero, which must lie in [low, high]."""
    if not math.isfinite(value):
        raise Undefined("float to integer out of range")
    whole = int(value)
    if not low <= whole <= high:
        raise Undefined("float to integer out of range")
    return whole


def int_to_float(value: int, dtype: str) -> Any:
    """The float nearest to `value`, rounded once."""
    kind = FLOATS[dtype]
    if -_EXACT_IN_DOUBLE <= value <= _EXACT_IN_DOUBLE:
        return kind(value)
    whole = np.uint64(value) if value >= 0 else np.int64(value)
    return whole.astype(kind)


def round_half_even(value: Any) -> Any:
    """The nearest whole number, ties to even."""
    return np.rint(value)


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
    "copysign": np.copysign,
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
    "atan2": np.arctan2,
    "pow": np.power,
    "hypot": np.hypot,
    "sigmoid": sigmoid,
    "erf": erf,
    "rsqrt": rsqrt,
}


def names() -> dict[str, Any]:
    """The globals of generated code."""
    helpers: tuple[Callable[..., Any], ...] = (
        overflow, out_of_bounds, uninitialized, races, negative_extent, assertion_fails, out_of_steps, divisor,
        shift_amount, trunc_div, trunc_mod, float_to_int, int_to_float,
    )  # fmt: skip
    math_functions = {f"math_{name}": function for name, function in {**EXACT, **INEXACT}.items()}
    floats = {f"np_{name}": kind for name, kind in FLOATS.items()}
    infinities = {"inf": math.inf, "nan": math.nan, "isnan": math.isnan}
    return {helper.__name__: helper for helper in helpers} | math_functions | floats | infinities
