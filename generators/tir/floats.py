"""Float expressions: arithmetic that every machine rounds alike, and, apart, functions that it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tensorsmith.generators.tir.buffers import load, loadable
from tensorsmith.generators.tir.scope import Scope
from tensorsmith.generators.tir.types import Typed, numpy_dtype
from tensorsmith.ir.tir import BFLOAT16, FLOAT_DTYPES, INTEGER_DTYPES
from tensorsmith.targets.tvm import adapter

_PLAIN = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.25, 0.1, 100.0, 1e-3)
_SPECIAL = (-0.0, float("inf"), float("-inf"), float("nan"), 6e-8, 6e4)
_ROUNDINGS = ("sqrt", "floor", "ceil", "trunc", "nearbyint", "abs")
_TRANSCENDENTAL = ("exp", "exp2", "log", "log2", "sin", "cos", "tanh", "sigmoid", "erf", "atan", "rsqrt", "log1p")


def constant(dtype: str, value: float) -> Typed:
    """A constant, rounded to its dtype."""
    rounded = float(numpy_dtype(dtype).type(value))
    return Typed(adapter.tvm().tirx.FloatImm(dtype, rounded), dtype)


def floating(scope: Scope, dtype: str, depth: int) -> Typed:
    """An expression of a float dtype, with at most `depth` levels of operators."""
    if depth <= 0 or scope.rng.random() < 0.15:
        return leaf(scope, dtype)
    return scope.rng.choice(OPERATIONS)(scope, dtype, depth - 1)


def leaf(scope: Scope, dtype: str) -> Typed:
    """An element, a variable or a constant; now and then zero with a sign, an infinity, NaN or a number at the edge."""
    rng, slots = scope.rng, loadable(scope, dtype)
    if slots and rng.random() < 0.7:
        return load(scope, rng.choice(slots))
    scalars = [scalar for scalar in scope.scalars if scalar.dtype == dtype]
    if scalars and rng.random() < 0.5:
        return rng.choice(scalars)
    return constant(dtype, rng.choice(_SPECIAL if rng.random() < 0.08 else _PLAIN))


def transcendental(scope: Scope, dtype: str, depth: int) -> Typed:
    """A function that libraries round differently, of an operand; for buffers that nothing reads."""
    function = getattr(adapter.tvm().tirx, scope.rng.choice(_TRANSCENDENTAL))
    return Typed(function(scope.grow(scope, dtype, depth - 1).node), dtype)


def _arithmetic(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx = adapter.tvm().tirx
    kind = scope.rng.choice([tirx.Add, tirx.Add, tirx.Sub, tirx.Mul, tirx.Mul, tirx.Div])
    return _of_two(kind, scope, dtype, depth)


def _extreme(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx = adapter.tvm().tirx
    return _of_two(scope.rng.choice([tirx.Min, tirx.Max]), scope, dtype, depth)


def _of_two(kind: Any, scope: Scope, dtype: str, depth: int) -> Typed:
    a, b = scope.grow(scope, dtype, depth), scope.grow(scope, dtype, depth)
    return Typed(kind(a.node, b.node), dtype)


def _rounding(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx, name = adapter.tvm().tirx, scope.rng.choice(_ROUNDINGS)
    return Typed(getattr(tirx, name)(scope.grow(scope, dtype, depth).node), dtype)


def _cast(scope: Scope, dtype: str, depth: int) -> Typed:
    source = scope.rng.choice((*FLOAT_DTYPES, BFLOAT16, *INTEGER_DTYPES, "bool"))
    value = scope.grow(scope, source, depth)
    return value if source == dtype else Typed(adapter.tvm().tirx.Cast(dtype, value.node), dtype)


OPERATIONS: list[Callable[[Scope, str, int], Typed]] = [
    _arithmetic, _arithmetic, _arithmetic, _arithmetic, _arithmetic, _arithmetic, _extreme, _extreme, _rounding,
    _rounding, _cast, _cast,
]  # fmt: skip
