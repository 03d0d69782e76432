"""Integer expressions that neither overflow nor divide by zero, whatever the inputs: ranges are kept throughout."""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any

from tensorsmith.generators.tir.buffers import load, loadable
from tensorsmith.generators.tir.scope import Scope
from tensorsmith.generators.tir.types import Typed, bits
from tensorsmith.ir.tir import INTEGER_DTYPES, integer_range
from tensorsmith.targets.tvm import adapter

_IMMEDIATE_MAX = (1 << 63) - 1  # IntImm holds an int64, whatever its dtype


def constant(dtype: str, value: int) -> Typed:
    """A constant."""
    return Typed(adapter.tvm().tirx.IntImm(dtype, value), dtype, value, value)


def bounded(scope: Scope, a: Typed, low: int, high: int) -> Typed:
    """`a`, brought into [low, high] by a clamp or a remainder where it may be outside."""
    if low <= a.low and a.high <= high:
        return a
    tirx, (least, greatest) = adapter.tvm().tirx, integer_range(a.dtype)
    low, high = max(low, least), min(high, greatest, _IMMEDIATE_MAX)
    if low <= 0 < high and scope.rng.random() < 0.5:
        node = tirx.FloorMod(a.node, constant(a.dtype, high).node)
        return Typed(node, a.dtype, 0, high - 1)
    node = tirx.Max(tirx.Min(a.node, constant(a.dtype, high).node), constant(a.dtype, low).node)
    return Typed(node, a.dtype, max(low, min(a.low, high)), max(low, min(a.high, high)))


def integer(scope: Scope, dtype: str, depth: int) -> Typed:
    """An expression of an integer dtype, with at most `depth` levels of operators."""
    if depth <= 0 or scope.rng.random() < 0.15:
        return leaf(scope, dtype)
    return scope.rng.choice(OPERATIONS)(scope, dtype, depth - 1)


def leaf(scope: Scope, dtype: str) -> Typed:
    """A variable, an element or a constant."""
    rng = scope.rng
    scalars = [scalar for scalar in scope.scalars if scalar.dtype == dtype]
    slots = loadable(scope, dtype)
    chance = rng.random()
    if slots and chance < 0.5:
        return load(scope, rng.choice(slots))
    if scalars and chance < 0.8:
        return rng.choice(scalars)
    if chance < 0.9:
        return _some_constant(scope, dtype)
    others = [s for s in (*scope.scalars, *(load(scope, slot) for slot in scope.readable)) if s.dtype in INTEGER_DTYPES]
    return _converted(scope, rng.choice(others), dtype) if others else _some_constant(scope, dtype)


def _some_constant(scope: Scope, dtype: str) -> Typed:
    least, greatest = integer_range(dtype)
    greatest = min(greatest, _IMMEDIATE_MAX)
    near = [value for value in (-7, -3, -2, -1, 0, 1, 2, 3, 5, 7, 8, 16, 100) if least <= value <= greatest]
    return constant(dtype, scope.rng.choice(near if scope.rng.random() < 0.9 else [least, greatest, greatest - 1]))


def _converted(scope: Scope, a: Typed, dtype: str) -> Typed:
    if a.dtype == dtype:
        return a
    least, greatest = integer_range(dtype)
    a = bounded(scope, a, least, greatest)
    return Typed(adapter.tvm().tirx.Cast(dtype, a.node), dtype, a.low, a.high)


def _pair(scope: Scope, dtype: str, depth: int) -> tuple[Typed, Typed]:
    return scope.grow(scope, dtype, depth), scope.grow(scope, dtype, depth)


def _result(node: Any, dtype: str, low: int, high: int) -> Typed:
    """A result of a range: unsigned ones wrap."""
    least, greatest = integer_range(dtype)
    if least <= low and high <= greatest:
        return Typed(node, dtype, low, high)
    return Typed(node, dtype, least, greatest)


def _narrowed(scope: Scope, a: Typed, limit: int) -> Typed:
    """A value brought into [-limit, limit]; a small unsigned one may wrap now and then."""
    if a.dtype in ("uint8", "uint16") and scope.rng.random() < 0.3:
        return a
    return bounded(scope, a, 0 if a.dtype.startswith("u") else -limit, limit)


def _add(scope: Scope, dtype: str, depth: int) -> Typed:
    half = integer_range(dtype)[1] // 2
    a, b = (_narrowed(scope, side, half) for side in _pair(scope, dtype, depth))
    return _result(adapter.tvm().tirx.Add(a.node, b.node), dtype, a.low + b.low, a.high + b.high)


def _subtract(scope: Scope, dtype: str, depth: int) -> Typed:
    half = integer_range(dtype)[1] // 2
    a, b = (_narrowed(scope, side, half) for side in _pair(scope, dtype, depth))
    if dtype in ("uint32", "uint64") and a.low < b.high:  # the code generator takes it that these do not wrap
        a = Typed(adapter.tvm().tirx.Max(a.node, b.node), dtype, max(a.low, b.low), max(a.high, b.high))
        return Typed(adapter.tvm().tirx.Sub(a.node, b.node), dtype, 0, a.high - b.low)
    return _result(adapter.tvm().tirx.Sub(a.node, b.node), dtype, a.low - b.high, a.high - b.low)


def _multiply(scope: Scope, dtype: str, depth: int) -> Typed:
    root = isqrt(integer_range(dtype)[1])
    a, b = (_narrowed(scope, side, root) for side in _pair(scope, dtype, depth))
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return _result(adapter.tvm().tirx.Mul(a.node, b.node), dtype, min(corners), max(corners))


def _divisor(scope: Scope, dtype: str, depth: int) -> Typed:
    """Never zero: most often a constant, else an expression kept on one side of zero."""
    rng, tirx = scope.rng, adapter.tvm().tirx
    signed = not dtype.startswith("u")
    if rng.random() < 0.7:
        return constant(dtype, rng.choice([1, 2, 3, 4, 5, 7, 8, 16] + [-1, -2, -3, -5, -8] * signed))
    b = scope.grow(scope, dtype, depth)
    if signed and rng.random() < 0.5:
        return Typed(tirx.Min(b.node, constant(dtype, -1).node), dtype, min(b.low, -1), min(b.high, -1))
    return Typed(tirx.Max(b.node, constant(dtype, 1).node), dtype, max(b.low, 1), max(b.high, 1))


def _divide(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx = adapter.tvm().tirx
    a, b = scope.grow(scope, dtype, depth), _divisor(scope, dtype, depth)
    kind = scope.rng.choice([tirx.FloorDiv, tirx.Div])
    if b.low < 0:  # the least value has no opposite
        a = bounded(scope, a, integer_range(dtype)[0] + 1, integer_range(dtype)[1])
    bound = max(abs(a.low), abs(a.high))
    low, high = (min(a.low, 0), max(a.high, 0)) if b.low > 0 else (-bound, bound)
    return _result(kind(a.node, b.node), dtype, low, high)


def _remainder(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx = adapter.tvm().tirx
    a, b = scope.grow(scope, dtype, depth), _divisor(scope, dtype, depth)
    if b.low < 0:
        a = bounded(scope, a, integer_range(dtype)[0] + 1, integer_range(dtype)[1])
    if scope.rng.random() < 0.5:
        return _result(tirx.FloorMod(a.node, b.node), dtype, min(0, b.low + 1), max(0, b.high - 1))
    return _result(tirx.Mod(a.node, b.node), dtype, min(a.low, 0), max(a.high, 0))


def _extreme(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx, (a, b) = adapter.tvm().tirx, _pair(scope, dtype, depth)
    if scope.rng.random() < 0.5:
        return Typed(tirx.Min(a.node, b.node), dtype, min(a.low, b.low), min(a.high, b.high))
    return Typed(tirx.Max(a.node, b.node), dtype, max(a.low, b.low), max(a.high, b.high))


def _bitwise(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx, (a, b) = adapter.tvm().tirx, _pair(scope, dtype, depth)
    kind = scope.rng.choice([tirx.BitwiseAnd, tirx.BitwiseOr, tirx.BitwiseXor])
    return Typed(kind(a.node, b.node), dtype, *integer_range(dtype))


def _invert(scope: Scope, dtype: str, depth: int) -> Typed:
    return Typed(adapter.tvm().tirx.BitwiseNot(scope.grow(scope, dtype, depth).node), dtype, *integer_range(dtype))


def _shift(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx, rng = adapter.tvm().tirx, scope.rng
    a = scope.grow(scope, dtype, depth)
    if rng.random() < 0.6:
        amount = constant(dtype, rng.randrange(bits(dtype)))
    else:
        amount = bounded(scope, scope.grow(scope, dtype, depth), 0, bits(dtype) - 1)
    if rng.random() < 0.5:
        return Typed(tirx.RShift(a.node, amount.node), dtype, min(a.low, 0), max(a.high, 0))
    a = _narrowed(scope, a, integer_range(dtype)[1] >> amount.high)
    node = tirx.LShift(a.node, amount.node)
    return _result(node, dtype, min(a.low, a.low << amount.high), max(a.high, a.high << amount.high))


def _cast(scope: Scope, dtype: str, depth: int) -> Typed:
    return _converted(scope, scope.grow(scope, scope.rng.choice(INTEGER_DTYPES), depth), dtype)


def _low_bits(scope: Scope, dtype: str, depth: int) -> Typed:
    """What is left of a value in a narrower unsigned dtype, which is its remainder; of one that would fit, of the
    opposite of its bits."""
    tirx, a = adapter.tvm().tirx, scope.grow(scope, dtype, depth)
    narrower = [d for d in INTEGER_DTYPES if d.startswith("u") and bits(d) < bits(dtype)]
    if not narrower or a.low == a.high:  # TVM 0.27 fails to fold such casts of constants
        return a
    narrow = scope.rng.choice(narrower)
    greatest = integer_range(narrow)[1]
    fits = a.low >= 0 and a.high <= greatest
    node = tirx.Cast(dtype, tirx.Cast(narrow, tirx.BitwiseNot(a.node) if fits else a.node))
    return Typed(node, dtype, *((greatest - a.high, greatest - a.low) if fits else (0, greatest)))


def _count(scope: Scope, dtype: str, depth: int) -> Typed:
    """The number of ones, or of zeros before the first one, of a value that is not zero."""
    tirx = adapter.tvm().tirx
    a = scope.grow(scope, dtype, depth)
    if scope.rng.random() < 0.5 or bits(dtype) < 32:
        return Typed(tirx.popcount(a.node), dtype, 0, bits(dtype))
    a = bounded(scope, a, 1, integer_range(dtype)[1]) if a.low < 1 else a
    counted = tirx.clz(tirx.Max(a.node, constant(dtype, 1).node))
    return Typed(tirx.Cast(dtype, counted), dtype, 0, bits(dtype))


OPERATIONS: list[Callable[[Scope, str, int], Typed]] = [
    _add, _add, _subtract, _subtract, _multiply, _divide, _divide, _remainder, _remainder,
    _extreme, _bitwise, _invert, _shift, _cast, _low_bits, _low_bits, _count,
]  # fmt: skip
