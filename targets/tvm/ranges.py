"""The interval that an integer expression's values lie in, from the intervals of its variables and buffers.

What would overflow a signed dtype has no defined value, so it is left out of the interval; unsigned values wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tensorsmith.ir.tir import INTEGER_DTYPES, integer_range
from tensorsmith.targets.tvm import adapter

Interval = tuple[int, int]
Known = Mapping[int, Interval]
BOOLEAN = (0, 1)


def dtype_interval(dtype: str) -> Interval:
    """All values of a dtype; (0, 0) for floats and vectors, of which nothing is kept."""
    if dtype == "bool":
        return BOOLEAN
    return integer_range(dtype) if dtype in INTEGER_DTYPES else (0, 0)


def interval(node: Any, known: Known) -> Interval:
    """What an integer or boolean expression can be; (0, 0) of a float.

    Args:
        node: an expression.
        known: identity of a variable, or of a buffer for its elements, to its interval; others take all of their dtype.
    """
    kind = type(node).__name__
    if kind == "IntImm":
        return int(node.value), int(node.value)
    if kind == "Var":
        return known.get(adapter.identity(node)) or dtype_interval(adapter.dtype_of(node))
    dtype = adapter.dtype_of(node)
    if dtype not in INTEGER_DTYPES:
        return dtype_interval(dtype)
    of_two = OF_TWO.get(kind)
    if of_two is not None:
        return within(of_two(interval(node.a, known), interval(node.b, known)), dtype)
    other = _OTHERS.get(kind)
    return within(other(node, known), dtype) if other is not None else integer_range(dtype)


def within(found: Interval, dtype: str) -> Interval:
    """A result's interval in its dtype: clipped where signed, everything where an unsigned one may wrap."""
    least, greatest = integer_range(dtype)
    low, high = found
    if least <= low and high <= greatest:
        return found
    if dtype.startswith("u"):
        return least, greatest
    return min(max(low, least), greatest), max(min(high, greatest), least)


def _corners(operation: Callable[[int, int], int]) -> Callable[[Interval, Interval], Interval]:
    def corners(a: Interval, b: Interval) -> Interval:
        ends = [operation(x, y) for x in a for y in b]
        return min(ends), max(ends)

    return corners


def _divided(a: Interval, b: Interval) -> Interval:
    bound = max(abs(a[0]), abs(a[1]))
    if b[0] >= 1:
        low = a[0] // b[1] if a[0] >= 0 else a[0] // b[0]
        high = a[1] // b[0] if a[1] >= 0 else 0
        return min(low, high), high
    return -bound, bound


def _truncated(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0:
        return _divided(a, b)
    bound = max(abs(a[0]), abs(a[1]))
    return (a[0], max(a[1], 0)) if b[0] >= 1 else (-bound, bound)


def _floor_remainder(a: Interval, b: Interval) -> Interval:
    if b[0] >= 1 and a[0] >= 0 and a[1] < b[0]:
        return a
    return min(0, b[0] + 1), max(0, b[1] - 1)


def _remainder(a: Interval, b: Interval) -> Interval:
    most = max(abs(b[0]), abs(b[1])) - 1
    return max(min(a[0], 0), -most), min(max(a[1], 0), most)


def _and(a: Interval, b: Interval) -> Interval:
    tops = [side[1] for side in (a, b) if side[0] >= 0]
    if tops:
        return 0, min(tops)
    return _any_bits(a, b)


def _any_bits(a: Interval, b: Interval) -> Interval:
    size = max(max(abs(end) for end in (*a, *b)), 1).bit_length()
    return (0 if min(a[0], b[0]) >= 0 else -(1 << size)), (1 << size) - 1


def _left(a: Interval, b: Interval) -> Interval:
    most = min(max(b[1], 0), 64)
    return min(a[0], a[0] << most), max(a[1], a[1] << most)


def _right(a: Interval, b: Interval) -> Interval:
    least = min(max(b[0], 0), 64)
    return min(a[0] >> least, a[0] if a[0] < 0 else 0), max(a[1] >> least, -1 if a[1] < 0 else 0)


OF_TWO: dict[str, Callable[[Interval, Interval], Interval]] = {
    "Add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "Sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "Mul": _corners(lambda x, y: x * y),
    "Div": _truncated,
    "FloorDiv": _divided,
    "Mod": _remainder,
    "FloorMod": _floor_remainder,
    "Min": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "Max": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "LShift": _left,
    "RShift": _right,
    "BitwiseAnd": _and,
    "BitwiseOr": _any_bits,
    "BitwiseXor": _any_bits,
}
_CALLED = {
    "shift_left": "LShift",
    "shift_right": "RShift",
    "bitwise_and": "BitwiseAnd",
    "bitwise_or": "BitwiseOr",
    "bitwise_xor": "BitwiseXor",
}


def _hull(a: Interval, b: Interval) -> Interval:
    return min(a[0], b[0]), max(a[1], b[1])


def _call(node: Any, known: Known) -> Interval:
    name, arguments = adapter.intrinsic(node), list(node.args)
    if name in _CALLED:
        return OF_TWO[_CALLED[name]](interval(arguments[0], known), interval(arguments[1], known))
    if name == "if_then_else":
        return _hull(interval(arguments[1], known), interval(arguments[2], known))
    if name == "bitwise_not":
        return _inverted(interval(arguments[0], known), adapter.dtype_of(node))
    if name == "likely":
        return interval(arguments[0], known)
    if name in ("popcount", "clz"):
        return 0, 64
    return integer_range(adapter.dtype_of(node))


def _cast(node: Any, known: Known) -> Interval:
    source, (least, greatest) = adapter.dtype_of(node.value), integer_range(adapter.dtype_of(node))
    if source != "bool" and source not in INTEGER_DTYPES:
        return least, greatest
    low, high = interval(node.value, known)
    return (low, high) if least <= low and high <= greatest else (least, greatest)


def _let(node: Any, known: Known) -> Interval:
    return interval(node.body, {**known, adapter.identity(node.var): interval(node.value, known)})


def _inverted(operand: Interval, dtype: str) -> Interval:
    low, high = operand
    least, greatest = integer_range(dtype)
    return (-high - 1, -low - 1) if least < 0 else (greatest - high, greatest - low)


_OTHERS: dict[str, Callable[[Any, Known], Interval]] = {
    "TensorLoad": lambda node, known: (
        known.get(adapter.identity(node.source)) or dtype_interval(adapter.dtype_of(node))
    ),
    "Select": lambda node, known: _hull(interval(node.true_value, known), interval(node.false_value, known)),
    "Let": _let,
    "Cast": _cast,
    "BitwiseNot": lambda node, known: _inverted(interval(node.a, known), adapter.dtype_of(node)),
    "Call": _call,
}
