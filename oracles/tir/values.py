"""The code of one expression, with what is known of its value before the run."""

from __future__ import annotations

from typing import NamedTuple

from tensorsmith.ir.tir import BFLOAT16, DTYPES, FLOAT_DTYPES, integer_range

FLOATS = frozenset((*FLOAT_DTYPES, BFLOAT16))
# Results of these wrap. Those of wider unsigned integers must fit, too: TVM tells LLVM that they do (`nuw`).
WRAPPING = frozenset(("bool", "uint8", "uint16"))
SCALARS = frozenset(DTYPES)


class Value(NamedTuple):
    """Python source of a scalar expression; it can stand in any other expression as it is.

    Attributes:
        text: the source.
        dtype: the dtype in TIR.
        low: an integer or a boolean is at least this; 0 for floats.
        high: an integer or a boolean is at most this; 0 for floats.
        total: it raises nothing, so whether it is evaluated makes no difference.
        vector: the text is of a list of lanes.
    """

    text: str
    dtype: str
    low: int = 0
    high: int = 0
    total: bool = True
    vector: bool = False

    @property
    def is_float(self) -> bool:
        """Whether the value is a float."""
        return self.dtype in FLOATS

    @property
    def is_signed(self) -> bool:
        """Whether the value is a signed integer."""
        return self.dtype.startswith("int")


def number(value: int, dtype: str = "int32") -> Value:
    """A whole number, such as those of indices, sizes and lanes."""
    return Value(str(value) if value >= 0 else f"({value})", dtype, value, value)


def folded(value: Value) -> Value:
    """A value that is the same number in every run as that number; any other as it is."""
    known = value.low == value.high and value.total and value.dtype not in _NOT_NUMBERS
    return number(value.low, value.dtype) if known else value


_NOT_NUMBERS = frozenset(("bool", *FLOATS))


def of_dtype(text: str, dtype: str, total: bool = True) -> Value:
    """A value of which only the dtype is known."""
    if dtype in FLOATS:
        return Value(text, dtype, total=total)
    return Value(text, dtype, *integer_range(dtype), total)


def width(dtype: str) -> int:
    """The bits that an element takes in memory; a boolean takes a byte."""
    return 8 if dtype == "bool" else int(dtype.lstrip("abfilnotu"))


def fitted(text: str, dtype: str, low: int, high: int, total: bool) -> Value:
    """An integer result that lies in [low, high] before it is put in `dtype`.

    It must fit unless the dtype is one that wraps.
    """
    least, greatest = integer_range(dtype)
    if least <= low and high <= greatest:
        return Value(text, dtype, low, high, total)
    if dtype in WRAPPING:
        return Value(f"({text} & {greatest})", dtype, least, greatest, total)
    checked = f"(_t if {least} <= (_t := {text}) <= {greatest} else overflow())"
    return Value(checked, dtype, max(low, least), min(high, greatest), False)


def wrapped(value: Value, dtype: str) -> Value:
    """An integer converted to another integer dtype, modulo its size."""
    least, greatest = integer_range(dtype)
    if least <= value.low and value.high <= greatest:
        return Value(value.text, dtype, value.low, value.high, value.total)
    size = greatest - least + 1
    text = f"({value.text} & {greatest})" if least == 0 else f"((({value.text} - {least}) & {size - 1}) + {least})"
    return Value(text, dtype, least, greatest, value.total)
