"""What generated code calls: the operations that are not one Python expression, and the errors that they raise.

Integers are Python's, booleans are Python's or NumPy's, floats are NumPy scalars of their dtype. NumPy's warnings must
be off (`numpy.errstate(all="ignore")`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

import numpy as np

from tensorsmith.oracles.tir import functions
from tensorsmith.oracles.tir.undefined import OVERFLOW, Undefined

try:  # comes with TVM
    from ml_dtypes import bfloat16
except ImportError:
    bfloat16 = None

FLOATS: dict[str, Any] = {
    "float16": np.float16, "float32": np.float32, "float64": np.float64, "bfloat16": bfloat16
}  # fmt: skip
_EXACT_IN_DOUBLE = 1 << 53


def overflow() -> NoReturn:
    """A result does not fit in its dtype, which is not one that wraps."""
    raise Undefined(OVERFLOW)


def out_of_bounds() -> NoReturn:
    """An index is outside its buffer."""
    raise Undefined("out of bounds")


def uninitialized() -> NoReturn:
    """An element is read that nothing has written."""
    raise Undefined("uninitialized read")


def races() -> NoReturn:
    """Iterations of a parallel or vectorized loop touch the same element, and one writes it."""
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


def shapes_differ() -> NoReturn:
    """A buffer given is not of the shape that the parameters say."""
    raise Undefined("a buffer of another shape")


def divisor(value: int) -> int:
    """`value`, which must not be zero."""
    if value == 0:
        raise Undefined("division by zero")
    return value


def not_zero(value: int) -> int:
    """`value`, of which the leading zeros are counted."""
    if value == 0:
        raise Undefined("leading zeros of zero")
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


def stored_bfloat16(value: Any) -> Any:
    """What a buffer of bfloat16, a parameter, keeps of a value: all of it, for it is of bfloat16 already."""
    return value


def rounded_bfloat16(value: Any) -> Any:
    """A wider float, rounded to float32 and then to bfloat16, in its own dtype."""
    return type(value)(bfloat16(np.float32(value)))


def reinterpret(value: Any, dtype: str, wanted: str) -> Any:
    """The bits of a value of `dtype` as one of `wanted`."""
    made = np.array(value, numpy_dtype(dtype)).view(numpy_dtype(wanted))[()]
    return made if wanted in FLOATS else made.item()


@cache
def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """NumPy's dtype of that name."""
    made: np.dtype[Any] = np.dtype(FLOATS.get(dtype, dtype))
    return made


def as_bool(value: Any) -> bool:
    """An element of a byte as a boolean, which only 0 and 1 are."""
    if value not in (0, 1):
        raise Undefined("a boolean that is neither 0 nor 1")
    return bool(value)


def assumed(condition: Any) -> int:
    """What the program promises."""
    if not condition:
        raise Undefined("a false assumption")
    return 0


class Bytes:
    """Local memory for elements of several sizes. A byte is None or which byte it is of which value."""

    __slots__ = ("cells",)

    def __init__(self, size: int) -> None:
        self.cells: list[tuple[Any, str, int] | None] = [None] * size

    def load(self, index: int, dtype: str) -> Any:
        """The element number `index` of a buffer of `dtype`."""
        size = numpy_dtype(dtype).itemsize
        cells = self._at(index, size)
        first = cells[0]
        if first is None or None in cells:
            uninitialized()
        value, stored, _ = first
        if stored == dtype and all(cell is not None and cell[0] is value for cell in cells):
            return value
        raw = b"".join(np.array(c[0], numpy_dtype(c[1])).tobytes()[c[2] : c[2] + 1] for c in cells if c is not None)
        made = np.frombuffer(raw, numpy_dtype(dtype))[0]
        return made if dtype in FLOATS else made.item()

    def store(self, index: int, dtype: str, value: Any) -> None:
        """Put `value` at the element number `index` of a buffer of `dtype`."""
        size = numpy_dtype(dtype).itemsize
        self._at(index, size)
        self.cells[index * size : (index + 1) * size] = [(value, dtype, byte) for byte in range(size)]

    def _at(self, index: int, size: int) -> list[tuple[Any, str, int] | None]:
        if not 0 <= index * size <= len(self.cells) - size:
            out_of_bounds()
        return self.cells[index * size : (index + 1) * size]


class Touched:
    """Which iterations of one run of a parallel loop touched the elements of a list so far."""

    __slots__ = ("readers", "writers")

    def __init__(self) -> None:
        self.readers: dict[int, int | None] = {}  # None: several iterations
        self.writers: dict[int, int] = {}

    def read(self, index: int, iteration: int) -> int:
        """`index`, which no other iteration may have written."""
        if self.writers.get(index, iteration) != iteration:
            races()
        if self.readers.setdefault(index, iteration) != iteration:
            self.readers[index] = None
        return index

    def write(self, index: int, iteration: int) -> int:
        """`index`, which no other iteration may have touched."""
        if self.writers.setdefault(index, iteration) != iteration or self.readers.get(index, iteration) != iteration:
            races()
        return index


def names() -> dict[str, Any]:
    """The globals of generated code."""
    helpers: tuple[Callable[..., Any], ...] = (
        Bytes, Touched, as_bool, assertion_fails, assumed, divisor, float_to_int, int_to_float, negative_extent,
        not_zero, out_of_bounds, out_of_steps, overflow, reinterpret, shapes_differ, shift_amount, stored_bfloat16,
        trunc_div, trunc_mod, uninitialized,
    )  # fmt: skip
    math_functions = {f"math_{name}": function for name, function in {**functions.EXACT, **functions.INEXACT}.items()}
    floats = {f"np_{name}": kind for name, kind in FLOATS.items()}
    infinities = {"isfinite": math.isfinite, "inf": math.inf, "nan": math.nan, "isnan": math.isnan, "isinf": math.isinf}
    return {helper.__name__: helper for helper in helpers} | math_functions | floats | infinities
