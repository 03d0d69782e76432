"""Random statements: stores, branches, variables, local buffers, reductions, loops by way of `loops`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tensorsmith.generators.tir import floats, loops
from tensorsmith.generators.tir.buffers import holds_integers, indices, load, new_slot
from tensorsmith.generators.tir.expressions import condition, expression
from tensorsmith.generators.tir.integers import bounded
from tensorsmith.generators.tir.scope import Scope, Slot
from tensorsmith.generators.tir.types import Typed, any_dtype, is_float, value_range
from tensorsmith.ir.tir import DTYPES
from tensorsmith.targets.tvm import adapter

MAX_DEPTH = 4
EXPRESSION_DEPTH = 3

# Statements, and the scope after them.
Made = tuple[list[Any], Scope]


def sequence(scope: Scope, length: int) -> Any:
    """Up to `length` statements, at least one, as one."""
    made: list[Any] = []
    for _ in range(length):
        statements, scope = statement(scope)
        made += statements
    return made[0] if len(made) == 1 else adapter.tvm().tirx.SeqStmt(made)


def statement(scope: Scope) -> Made:
    """A random statement: with what goes before it where it needs that."""
    if scope.depth >= MAX_DEPTH:
        return [store(scope)], scope
    make = scope.rng.choices([make for make, _ in _KINDS], [weight for _, weight in _KINDS])[0]
    return make(scope)


def store(scope: Scope) -> Any:
    """A store of a random expression to a writable buffer."""
    return store_to(scope, scope.rng.choice(scope.writable))


def store_to(scope: Scope, slot: Slot) -> Any:
    """A store to a buffer, of a value that it may hold."""
    depth = scope.rng.randint(1, EXPRESSION_DEPTH)
    make = floats.transcendental if slot.sink and scope.rng.random() < 0.7 else expression
    value = make(scope, slot.dtype, depth)
    if holds_integers(slot):
        value = bounded(scope, value, slot.low, slot.high)
    return adapter.tvm().tirx.BufferStore(slot.node, value.node, indices(scope, slot))


def _store(scope: Scope) -> Made:
    return [store(scope)], scope


def _loop(scope: Scope) -> Made:
    length = scope.rng.choice([1, 1, 2, 2, 3])
    return [loops.loop(scope, lambda inner: sequence(inner, length))], scope


def _branch(scope: Scope) -> Made:
    tirx, inner = adapter.tvm().tirx, replace(scope, depth=scope.depth + 1)
    test = condition(scope, 2).node
    then = sequence(inner, scope.rng.randint(1, 2))
    other = sequence(inner, 1) if scope.rng.random() < 0.5 else None
    return [tirx.IfThenElse(test, then, other)], scope


def _bind(scope: Scope) -> Made:
    value = expression(scope, scope.rng.choice(["int32", "int32", *DTYPES]), 2)
    variable = adapter.tvm().tirx.Var(scope.name("x"), value.dtype)
    bound = Typed(variable, value.dtype, value.low, value.high)
    return [adapter.tvm().tirx.Bind(variable, value.node)], scope.with_scalar(bound)


def _assert(scope: Scope) -> Made:
    """An assertion that always holds."""
    tirx, integers = adapter.tvm().tirx, [s for s in scope.scalars if s.dtype == "int32" and s.low > -1000]
    if not integers:
        return [store(scope)], scope
    scalar = scope.rng.choice(integers)
    holds = tirx.GE(scalar.node, tirx.IntImm("int32", scalar.low))
    return [adapter.assertion(holds, "too low")], scope


def _local(scope: Scope) -> Made:
    """A local buffer, every element of it stored to before anything can read it."""
    if scope.vectorized:
        return [store(scope)], scope
    rng, tirx, dtype = scope.rng, adapter.tvm().tirx, any_dtype(scope.rng)
    shape = tuple(rng.choice([1, 2, 3, 4, 8]) for _ in range(rng.choice([1, 1, 2])))
    bounds = (0, 0) if is_float(dtype) or dtype == "bool" else value_range(rng, dtype)
    slot = new_slot(scope, "W", dtype, shape, bounds)
    return [tirx.AllocBuffer(slot.node), _fill(scope, slot)], scope.with_buffer(slot)


def _fill(scope: Scope, slot: Slot) -> Any:
    tirx, inner, variables = adapter.tvm().tirx, scope, []
    for size in slot.shape:
        variable = Typed(tirx.Var(scope.name("i"), "int32"), "int32", 0, size - 1)
        variables.append(variable)
        inner = inner.with_scalar(variable)
    pins = {**scope.pins, slot.name: dict(enumerate(variables))}
    body = store_to(replace(inner, pins=pins), slot)
    for variable in reversed(variables):
        body = tirx.For(variable.node, 0, variable.high + 1, loops.SERIAL, body)
    return body


def _reduction(scope: Scope) -> Made:
    """An accumulator, a loop that combines it with an expression, and a store of the result."""
    targets = [slot for slot in scope.writable if slot.dtype != "bool" and not slot.sink]
    if scope.vectorized or not targets:
        return [store(scope)], scope
    tirx, target = adapter.tvm().tirx, scope.rng.choice(targets)
    total = new_slot(scope, "S", target.dtype, (1,), (target.low, target.high))
    start = store_to(scope, total)
    extent = scope.rng.choice([2, 3, 4, 8])
    variable = Typed(tirx.Var(scope.name("k"), "int32"), "int32", 0, extent - 1)
    inner = scope.with_scalar(variable)
    step = tirx.BufferStore(total.node, combined(inner, load(inner, total), total).node, [0])
    looped = tirx.For(variable.node, 0, extent, loops.SERIAL, step)
    result = tirx.BufferStore(target.node, total.node[0], indices(scope, target))
    return [tirx.AllocBuffer(total.node), start, looped, result], scope


def combined(scope: Scope, so_far: Typed, total: Slot) -> Typed:
    """A step of a reduction into a buffer: what it holds so far with a random expression, within its range."""
    tirx, value = adapter.tvm().tirx, expression(scope, total.dtype, 2)
    if is_float(total.dtype):
        kind = scope.rng.choice([tirx.Add, tirx.Add, tirx.Mul, tirx.Max])
        return Typed(kind(so_far.node, value.node), total.dtype)
    half = (total.high - total.low) // 4
    if total.low < 0 < half and scope.rng.random() < 0.6:
        a, b = bounded(scope, so_far, -half, half), bounded(scope, value, -half, half)
        return bounded(
            scope, Typed(tirx.Add(a.node, b.node), total.dtype, a.low + b.low, a.high + b.high), total.low, total.high
        )
    value = bounded(scope, value, total.low, total.high)
    kind = scope.rng.choice([tirx.Min, tirx.Max])
    return Typed(kind(so_far.node, value.node), total.dtype, total.low, total.high)


def _while(scope: Scope) -> Made:
    """A loop that counts down to zero in a buffer that nothing else writes."""
    if scope.vectorized or scope.iterations > loops.MAX_ITERATIONS // 4:
        return [store(scope)], scope
    tirx, counter = adapter.tvm().tirx, new_slot(scope, "n", "int32", (1,), (0, 4))
    one, zero = tirx.IntImm("int32", 1), tirx.IntImm("int32", 0)
    start = tirx.BufferStore(counter.node, tirx.IntImm("int32", scope.rng.randint(0, 4)), [0])
    inner = replace(scope, depth=scope.depth + 1, iterations=scope.iterations * 4)
    less = tirx.BufferStore(counter.node, tirx.Sub(counter.node[0], one), [0])
    body = tirx.SeqStmt([sequence(inner, 1), less])
    return [tirx.AllocBuffer(counter.node), start, tirx.While(tirx.GT(counter.node[0], zero), body)], scope


_KINDS: list[tuple[Callable[[Scope], Made], int]] = [
    (_store, 40), (_loop, 30), (_branch, 10), (_bind, 8), (_local, 6), (_reduction, 6), (_while, 2), (_assert, 2),
]  # fmt: skip
