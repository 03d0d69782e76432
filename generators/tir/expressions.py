"""Expressions of any dtype: conditions, choices between values, variables bound in an expression, and the rest."""

from __future__ import annotations

from tensorsmith.generators.tir import floats, integers
from tensorsmith.generators.tir.buffers import load, loadable
from tensorsmith.generators.tir.scope import Scope
from tensorsmith.generators.tir.types import Typed, is_float
from tensorsmith.ir.tir import BFLOAT16, DTYPES, FLOAT_DTYPES, INTEGER_DTYPES, integer_range
from tensorsmith.targets.tvm import adapter

_COMPARED = ("int32", "int32", "int32", "int64", *INTEGER_DTYPES, "float32", *FLOAT_DTYPES, BFLOAT16)


def expression(scope: Scope, dtype: str, depth: int) -> Typed:
    """A random expression of a dtype, with at most `depth` levels of operators."""
    chance = scope.rng.random()
    if depth > 0 and chance < 0.1:
        return _choice(scope, dtype, depth - 1)
    if depth > 0 and chance < 0.12 and dtype != "bool":
        return _let(scope, dtype, depth - 1)
    if dtype == "bool":
        return condition(scope, depth)
    if is_float(dtype):
        return floats.floating(scope, dtype, depth)
    if depth > 1 and chance > 0.97:
        return _from_float(scope, dtype, depth - 2)
    return integers.integer(scope, dtype, depth)


def condition(scope: Scope, depth: int) -> Typed:
    """A boolean: a comparison, a combination of others, or an element."""
    rng, tirx = scope.rng, adapter.tvm().tirx
    chance, slots = rng.random(), loadable(scope, "bool")
    if slots and chance < 0.15:
        return load(scope, rng.choice(slots))
    if depth > 0 and chance < 0.4:
        kind = rng.choice([tirx.And, tirx.Or, tirx.Not])
        sides = [condition(scope, depth - 1).node for _ in range(1 if kind is tirx.Not else 2)]
        return Typed(kind(*sides), "bool", 0, 1)
    if chance < 0.42:
        return Typed(tirx.IntImm("bool", rng.randrange(2)), "bool", 0, 1)
    dtype = rng.choice(_COMPARED)
    kind = rng.choice([tirx.EQ, tirx.NE, tirx.LT, tirx.LE, tirx.GT, tirx.GE])
    a, b = scope.grow(scope, dtype, depth - 1), scope.grow(scope, dtype, depth - 1)
    return Typed(kind(a.node, b.node), "bool", 0, 1)


def _choice(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx = adapter.tvm().tirx
    kind = scope.rng.choice([tirx.Select, tirx.if_then_else])
    test, a, b = condition(scope, depth), scope.grow(scope, dtype, depth), scope.grow(scope, dtype, depth)
    return Typed(kind(test.node, a.node, b.node), dtype, min(a.low, b.low), max(a.high, b.high))


def _let(scope: Scope, dtype: str, depth: int) -> Typed:
    tirx = adapter.tvm().tirx
    value = scope.grow(scope, scope.rng.choice([d for d in DTYPES if d != "bool"]), depth)
    variable = tirx.Var(scope.name("t"), value.dtype)
    inner = scope.with_scalar(Typed(variable, value.dtype, value.low, value.high))
    body = scope.grow(inner, dtype, depth)
    return Typed(tirx.Let(variable, value.node, body.node), dtype, body.low, body.high)


def _from_float(scope: Scope, dtype: str, depth: int) -> Typed:
    """A float cast to an integer where it fits, else a constant: only the branch that is taken is evaluated."""
    tirx, source = adapter.tvm().tirx, scope.rng.choice((*FLOAT_DTYPES, BFLOAT16))
    value = floats.floating(scope, source, depth).node
    least, greatest = integer_range(dtype)
    low, high = max(least, -100), min(greatest, 100)
    fits = tirx.And(
        tirx.GE(value, tirx.FloatImm(source, float(low))), tirx.LE(value, tirx.FloatImm(source, float(high)))
    )
    node = tirx.if_then_else(fits, tirx.Cast(dtype, value), tirx.IntImm(dtype, max(low, 0)))
    return Typed(node, dtype, low, high)
