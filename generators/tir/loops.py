"""Random loops: their kind, where they start, how far they go and by what step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tensorsmith.generators.tir.buffers import kept_apart
from tensorsmith.generators.tir.scope import Scope
from tensorsmith.generators.tir.types import Typed
from tensorsmith.targets.tvm import adapter

MAX_ITERATIONS = 512
SERIAL, PARALLEL, VECTORIZED, UNROLLED = range(4)


def loop(scope: Scope, body: Callable[[Scope], Any]) -> Any:
    """A loop around what `body` makes in the scope within."""
    rng = scope.rng
    kind = rng.choices([SERIAL, UNROLLED, VECTORIZED, PARALLEL], [60, 13, 17, 10])[0]
    if kind in (VECTORIZED, PARALLEL) and not scope.vectorized and not (scope.parallel and kind == PARALLEL):
        made = _independent(scope, kind, body)
        if made is not None:
            return made
    return _in_order(scope, UNROLLED if kind == UNROLLED else SERIAL, body)


def _independent(scope: Scope, kind: int, body: Callable[[Scope], Any]) -> Any:
    """A loop whose iterations write different elements; None where no buffer can be written so."""
    tirx, sizes = adapter.tvm().tirx, sorted({size for slot in scope.writable for size in slot.shape if size > 1})
    if not sizes or scope.iterations * max(sizes) > MAX_ITERATIONS:
        return None
    extent = scope.rng.choice(sizes)
    variable = Typed(tirx.Var(scope.name("i"), "int32"), "int32", 0, extent - 1)
    writable, pins = kept_apart(scope, variable)
    if not writable:
        return None
    inner = replace(
        scope.with_scalar(variable),
        pins=pins,
        writable=writable,
        vectorized=scope.vectorized or kind == VECTORIZED,
        parallel=scope.parallel or kind == PARALLEL,
        iterations=scope.iterations * extent,
        depth=scope.depth + 1,
    )
    return tirx.For(variable.node, 0, extent, kind, body(inner))


def _in_order(scope: Scope, kind: int, body: Callable[[Scope], Any]) -> Any:
    rng, tirx = scope.rng, adapter.tvm().tirx
    dtype = "int64" if rng.random() < 0.15 else "int32"
    start, extent = _span(scope, dtype, kind)
    most = max(extent.high, 1)
    step = rng.choice([2, 3]) if rng.random() < 0.08 and kind == SERIAL else None
    variable = Typed(tirx.Var(scope.name("i"), dtype), dtype, start.low, start.high + most - 1)
    inner = replace(scope.with_scalar(variable), iterations=scope.iterations * most, depth=scope.depth + 1)
    made = body(inner)
    if step is None:
        return tirx.For(variable.node, start.node, extent.node, kind, made)
    return tirx.For(variable.node, start.node, extent.node, kind, made, step=tirx.IntImm(dtype, step))


def _span(scope: Scope, dtype: str, kind: int) -> tuple[Typed, Typed]:
    """Start and extent: constants, or, of serial loops, of the variables around (triangular loops)."""
    rng = scope.rng
    room = max(1, MAX_ITERATIONS // scope.iterations)
    extent = _constant(dtype, min(room, rng.choice([1, 2, 3, 4, 5, 7, 8, 8, 16])))
    start = _constant(dtype, rng.choice([0, 0, 0, 0, 1, 2, 3, -1, -4, 7]))
    outer = [s for s in scope.scalars if s.dtype == dtype and s.low >= -16 and s.high <= min(room, 16)]
    if kind == UNROLLED or not outer or rng.random() < 0.6:
        return start, extent
    chosen, tirx = rng.choice(outer), adapter.tvm().tirx
    form = rng.randrange(3)
    if form == 0:  # i <= j
        node = tirx.Add(chosen.node, tirx.IntImm(dtype, 1))
        if chosen.low < -1:  # no extent is below zero
            node = tirx.Max(node, tirx.IntImm(dtype, 0))
        return start, Typed(node, dtype, max(chosen.low + 1, 0), max(chosen.high + 1, 0))
    if form == 1:  # from j on
        node = tirx.Sub(tirx.IntImm(dtype, chosen.high + 1), chosen.node)
        return chosen, Typed(node, dtype, 1, min(room, chosen.high + 1 - chosen.low))
    return chosen, extent


def _constant(dtype: str, value: int) -> Typed:
    return Typed(adapter.tvm().tirx.IntImm(dtype, value), dtype, value, value)
