"""Random PrimFuncs."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

from tensorsmith.generators.tir.buffers import new_slot
from tensorsmith.generators.tir.expressions import expression
from tensorsmith.generators.tir.parameters import described
from tensorsmith.generators.tir.scope import Scope, Slot
from tensorsmith.generators.tir.statements import sequence
from tensorsmith.generators.tir.types import Typed, any_dtype, is_float, value_range
from tensorsmith.ir.tir import TirBuffer, TirScalar
from tensorsmith.targets.tvm import adapter

_SIZES = (1, 2, 3, 4, 4, 5, 7, 8, 8, 16)


def random_function(rng: Random, statements: int = 4) -> tuple[Any, tuple[TirBuffer, ...], tuple[TirScalar, ...]]:
    """A PrimFunc with what its parameters are; equal for generators in an equal state.

    Args:
        rng: what every choice comes from.
        statements: the number of outermost statements.

    Raises:
        EnvironmentLacksError: TVM is not installed.
    """
    scope = Scope(rng, count(), expression)
    slots = [_parameter(scope) for _ in range(rng.randint(2, 4))]
    sinks = [_sink(scope)] if rng.random() < 0.15 else []
    scalars = [_scalar(scope) for _ in range(rng.choice([0, 0, 1, 2]))]
    scope = Scope(rng, scope.fresh, expression, tuple(scalars), tuple(slots), (*slots, *sinks))
    body = sequence(scope, statements)
    parameters = [*slots, *sinks]
    func = adapter.function([*(s.node for s in parameters), *(s.node for s in scalars)], body)
    return func, tuple(described(s) for s in parameters), tuple(_described(s) for s in scalars)


def _parameter(scope: Scope) -> Slot:
    rng, dtype = scope.rng, any_dtype(scope.rng)
    shape = tuple(rng.choice(_SIZES) for _ in range(rng.choice([1, 1, 2, 2, 3])))
    bounds = (0, 0) if is_float(dtype) or dtype == "bool" else value_range(rng, dtype)
    return new_slot(scope, "B", dtype, shape, bounds)


def _sink(scope: Scope) -> Slot:
    name, dtype, size = scope.name("B"), scope.rng.choice(["float32", "float64"]), scope.rng.choice(_SIZES)
    return Slot(adapter.buffer(name, dtype, (size,)), name, dtype, (size,), sink=True)


def _scalar(scope: Scope) -> Typed:
    dtype = scope.rng.choice(["int32", "int32", "int64", "float32"])
    node = adapter.tvm().tirx.Var(scope.name("n"), dtype)
    return Typed(node, dtype) if is_float(dtype) else Typed(node, dtype, *scope.rng.choice([(0, 8), (-8, 8), (1, 4)]))


def _described(scalar: Typed) -> TirScalar:
    name = str(scalar.node.name)
    return (
        TirScalar(name, scalar.dtype)
        if is_float(scalar.dtype)
        else TirScalar(name, scalar.dtype, scalar.low, scalar.high)
    )
