"""The code of one expression, with what is known of its value before the run."""

from __future__ import annotations

from dataclasses import dataclass

from tensorsmith.ir.tir import integer_range


@dataclass(frozen=True)
class Value:
    """Python source of a scalar expression; it can stand in any other expression as it is.

    Attributes:
        text: the source.
        dtype: the dtype in TIR.
        low: an integer or a boolean is at least this; 0 for floats.
        high: an integer or a boolean is at most this; 0 for floats.
        total: it raises nothing, so whether it is evaluated makes no difference.
    """

    text: str
    dtype: str
    low: int = 0
    high: int = 0
    total: bool = True

    @property
    def is_float(self) -> bool:
        """Whether the value is a float."""
        return self.dtype.startswith("float")

    @property
    def is_signed(self) -> bool:
        """Whether the value is a signed integer."""
        return self.dtype.startswith("int")


def fitted(text: str, dtype: str, low: int, high: int, total: bool) -> Value:
    """An integer result that lies in [low, high] before it is put in `dtype`: unsigned wraps, signed must fit."""
    least, greatest = integer_range(dtype)
    if least <= low and high <= greatest:
        return Value(text, dtype, low, high, total)
    if dtype.startswith("u"):
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
