"""The code of arithmetic, comparisons, casts and selections, with the checks that ranges do not make needless."""

from __future__ import annotations

from collections.abc import Callable

from tensorsmith.ir.tir import integer_range
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.tir.values import FLOATS, Value, fitted, of_dtype, wrapped


def _corners(a: Value, b: Value, operation: Callable[[int, int], int]) -> tuple[int, int]:
    ends = [operation(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return min(ends), max(ends)


def add(a: Value, b: Value) -> Value:
    """a + b."""
    text, total = f"({a.text} + {b.text})", a.total and b.total
    if a.is_float:
        return Value(text, a.dtype, total=total)
    return fitted(text, a.dtype, a.low + b.low, a.high + b.high, total)


def subtract(a: Value, b: Value) -> Value:
    """a - b."""
    text, total = f"({a.text} - {b.text})", a.total and b.total
    if a.is_float:
        return Value(text, a.dtype, total=total)
    return fitted(text, a.dtype, a.low - b.high, a.high - b.low, total)


def multiply(a: Value, b: Value) -> Value:
    """a * b."""
    text, total = f"({a.text} * {b.text})", a.total and b.total
    if a.is_float:
        return Value(text, a.dtype, total=total)
    return fitted(text, a.dtype, *_corners(a, b, lambda x, y: x * y), total)


def divide(a: Value, b: Value) -> Value:
    """`Div`: of floats as IEEE says, of integers toward zero."""
    if a.is_float:
        return Value(f"({a.text} / {b.text})", a.dtype, total=a.total and b.total)
    if a.low >= 0 and b.low >= 1:
        return floor_divide(a, b)
    bound = max(abs(a.low), abs(a.high))
    low, high = (min(a.low, 0), max(a.high, 0)) if b.low >= 0 else (-bound, bound)
    return fitted(f"trunc_div({a.text}, {b.text})", a.dtype, low, high, _total_division(a, b))


def remainder(a: Value, b: Value) -> Value:
    """`Mod` of integers: what `divide` leaves, with the sign of `a`."""
    if a.is_float:
        raise Unsupported("Mod of floats")
    bound = max(abs(a.low), abs(a.high))
    text = f"({a.text} % {b.text})" if a.low >= 0 and b.low >= 1 else f"trunc_mod({a.text}, {b.text})"
    return Value(text, a.dtype, -bound if a.low < 0 else 0, max(bound, 0), _total_division(a, b))


def floor_divide(a: Value, b: Value) -> Value:
    """Quotient rounded down."""
    if a.is_float:
        raise Unsupported("FloorDiv of floats")
    bound = max(abs(a.low), abs(a.high))
    low, high = (min(a.low, 0), max(a.high, 0)) if b.low >= 0 else (-bound, bound)
    return fitted(f"({a.text} // {_divisor(b)})", a.dtype, low, high, _total_division(a, b))


def floor_remainder(a: Value, b: Value) -> Value:
    """Remainder of `floor_divide`: it has the sign of `b`."""
    if a.is_float:
        raise Unsupported("FloorMod of floats")
    low, high = min(0, b.low + 1), max(0, b.high - 1)
    return Value(f"({a.text} % {_divisor(b)})", a.dtype, low, high, _total_division(a, b))


def _divisor(b: Value) -> str:
    return b.text if _never_zero(b) else f"divisor({b.text})"


def _never_zero(b: Value) -> bool:
    return b.low > 0 or b.high < 0


def _total_division(a: Value, b: Value) -> bool:
    return a.total and b.total and _never_zero(b)


def minimum(a: Value, b: Value) -> Value:
    """`a` if a < b else `b`: which for a NaN gives `b`."""
    return _lesser(a, b, "<", min(a.low, b.low), min(a.high, b.high))


def maximum(a: Value, b: Value) -> Value:
    """`a` if a > b else `b`: which for a NaN gives `b`."""
    return _lesser(a, b, ">", max(a.low, b.low), max(a.high, b.high))


def _lesser(a: Value, b: Value, sign: str, low: int, high: int) -> Value:
    # Python's own min and max keep the first argument unless the second is smaller (greater).
    function = "min" if sign == "<" else "max"
    return Value(f"{function}({b.text}, {a.text})", a.dtype, low, high, a.total and b.total)


def compare(sign: str) -> Callable[[Value, Value], Value]:
    """The comparison that Python writes as `sign`."""

    def comparison(a: Value, b: Value) -> Value:
        return Value(f"({a.text} {sign} {b.text})", "bool", 0, 1, a.total and b.total)

    return comparison


def bitwise(sign: str) -> Callable[[Value, Value], Value]:
    """The operation on bits, or on booleans, that Python writes as `sign`."""

    def operation(a: Value, b: Value) -> Value:
        least, greatest = integer_range(a.dtype)
        low, high = (0, min(a.high, b.high)) if sign == "&" and min(a.low, b.low) >= 0 else (least, greatest)
        return Value(f"({a.text} {sign} {b.text})", a.dtype, low, high, a.total and b.total)

    return operation


def logical(word: str, sign: str) -> Callable[[Value, Value], Value]:
    """And, Or: both operands are evaluated, for compiled code does."""

    def operation(a: Value, b: Value) -> Value:
        text = f"({a.text} {word} {b.text})" if b.total else f"({a.text} {sign} {b.text})"
        return Value(text, "bool", 0, 1, a.total and b.total)

    return operation


def negate(a: Value) -> Value:
    """`Not` of a boolean."""
    return Value(f"(not {a.text})", "bool", 0, 1, a.total)


def invert(a: Value) -> Value:
    """Every bit flipped."""
    if a.is_signed:
        return Value(f"(~{a.text})", a.dtype, -a.high - 1, -a.low - 1, a.total)
    _, greatest = integer_range(a.dtype)
    return Value(f"({a.text} ^ {greatest})", a.dtype, 0, greatest, a.total)


def shift_left(a: Value, b: Value) -> Value:
    """a * 2**b: a signed dtype must hold it, an unsigned one drops the bits that it cannot."""
    bits, amount = _shift(a, b)
    low, high = min(a.low << bits, a.low), max(a.high << bits, a.high)
    text, total = f"({a.text} << {amount})", a.total and amount == b.text and b.total
    least, greatest = integer_range(a.dtype)
    if least == 0 and high > greatest:
        return Value(f"({text} & {greatest})", a.dtype, least, greatest, total)
    return fitted(text, a.dtype, low, high, total)


def shift_right(a: Value, b: Value) -> Value:
    """a / 2**b rounded down."""
    _, amount = _shift(a, b)
    total = a.total and amount == b.text and b.total
    return Value(f"({a.text} >> {amount})", a.dtype, min(a.low, 0), max(a.high, 0), total)


def _shift(a: Value, b: Value) -> tuple[int, str]:
    """The most that a legal `b` shifts by, and the code of `b`."""
    bits = integer_range(a.dtype)[1].bit_length() + a.is_signed
    legal = b.low >= 0 and b.high < bits
    return min(max(b.high, 0), bits - 1), b.text if legal else f"shift_amount({b.text}, {bits})"


def cast(a: Value, dtype: str) -> Value:
    """`a` in another dtype: integers wrap, floats go to integers toward zero and must fit."""
    if a.dtype == dtype:
        return a
    if dtype in FLOATS:
        if a.is_float:
            return Value(f"np_{dtype}({a.text})", dtype, total=a.total)
        if a.dtype == "bool":
            return Value(f"np_{dtype}(int({a.text}))", dtype, total=a.total)
        return Value(f"int_to_float({a.text}, {dtype!r})", dtype, total=a.total)
    if dtype == "bool":
        return Value(f"({a.text} != 0)", "bool", 0, 1, a.total)
    low, high = integer_range(dtype)
    if a.is_float:
        return Value(f"float_to_int({a.text}, {low}, {high})", dtype, low, high, False)
    if a.dtype == "bool":
        return Value(f"int({a.text})", dtype, a.low, a.high, a.total)
    return wrapped(a, dtype)


def select(condition: Value, a: Value, b: Value) -> Value:
    """`Select`: both values are evaluated, one is kept."""
    low, high = min(a.low, b.low), max(a.high, b.high)
    total = condition.total and a.total and b.total
    if a.total and b.total:
        return Value(f"({a.text} if {condition.text} else {b.text})", a.dtype, low, high, total)
    return Value(f"({b.text}, {a.text})[bool({condition.text})]", a.dtype, low, high, total)


def if_then_else(condition: Value, a: Value, b: Value) -> Value:
    """Only the value that is kept is evaluated."""
    total = condition.total and a.total and b.total
    low, high = min(a.low, b.low), max(a.high, b.high)
    return Value(f"({a.text} if {condition.text} else {b.text})", a.dtype, low, high, total)


def reinterpret(a: Value, dtype: str) -> Value:
    """The bits of `a` as another dtype of the same size."""
    if a.dtype == dtype:
        return a
    if not a.is_float and dtype not in FLOATS:
        return wrapped(a, dtype)
    return of_dtype(f"reinterpret({a.text}, {a.dtype!r}, {dtype!r})", dtype, a.total)


def read_as(a: Value, dtype: str) -> Value:
    """An element of memory that holds `a.dtype`, as an element of a buffer of `dtype`."""
    if a.dtype == "bool" and dtype in ("int8", "uint8"):
        return Value(a.text, dtype, 0, 1, a.total)
    if dtype == "bool" and a.dtype != dtype:
        return Value(f"as_bool({a.text})", dtype, 0, 1, False)
    return reinterpret(a, dtype)


def write_as(a: Value, dtype: str) -> Value:
    """`a` as it is put in memory that holds `dtype`: only 0 and 1 in memory of booleans."""
    if dtype == "bool" and a.dtype != dtype:
        return Value(f"as_bool({a.text})", dtype, 0, 1, False)
    if a.dtype == "bool" and dtype in ("int8", "uint8"):
        return Value(f"int({a.text})", dtype, a.low, a.high, a.total)
    return reinterpret(a, dtype)
