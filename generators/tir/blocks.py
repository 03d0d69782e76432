"""Random functions in block form, which can be scheduled: stages that each fill a buffer from those before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any

from tensorsmith.generators.tir.buffers import holds_integers, load, new_slot
from tensorsmith.generators.tir.expressions import condition, expression
from tensorsmith.generators.tir.integers import bounded
from tensorsmith.generators.tir.parameters import described
from tensorsmith.generators.tir.scope import Scope, Slot
from tensorsmith.generators.tir.statements import combined, sequence, store_to
from tensorsmith.generators.tir.types import Typed, any_dtype, is_float, value_range
from tensorsmith.targets.tvm import adapter, blocks
from tensorsmith.targets.tvm.function import TirFunction

_SIZES = (1, 2, 3, 4, 4, 5, 7, 8, 8, 16)


@dataclass(frozen=True)
class _Axis:
    """A variable of a block, the loops around it, and what it is of those."""

    variable: Typed
    size: int
    loops: tuple[tuple[Any, int], ...]
    value: Any
    predicate: Any = None
    reduces: bool = False


def random_blocks(rng: Random, stages: int = 3) -> TirFunction:
    """A function whose root block holds `stages` nests of loops around blocks, or some more.

    Raises:
        EnvironmentLacksError: TVM is not installed.
    """
    scope = Scope(rng, count(), expression)
    inputs = [_slot(scope, "A") for _ in range(rng.randint(1, 3))]
    scope = replace(scope, readable=tuple(inputs))
    nests: list[Any] = []
    local: list[Slot] = []
    outputs: list[Slot] = []
    for position in range(stages):
        slot = _slot(scope, "B", like=rng.choice(scope.readable) if rng.random() < 0.6 else None)
        is_output = position == stages - 1 or rng.random() < 0.25
        (outputs if is_output else local).append(slot)
        nests.append(_stage(scope, slot))
        scope = replace(scope, readable=(*scope.readable, slot))
    body = nests[0] if len(nests) == 1 else adapter.tvm().tirx.SeqStmt(nests)
    root = blocks.block("root", [], body, None, [slot.node for slot in local])
    slots = [*inputs, *outputs]
    func = adapter.function([slot.node for slot in slots], blocks.realize([], _true(), root))
    return TirFunction(func, tuple(described(slot) for slot in slots))


def _true() -> Any:
    return adapter.tvm().tirx.IntImm("bool", 1)


def _slot(scope: Scope, prefix: str, like: Slot | None = None) -> Slot:
    rng, dtype = scope.rng, any_dtype(scope.rng)
    if like is not None:
        dtype = like.dtype if rng.random() < 0.7 else dtype
    shape = like.shape if like is not None else tuple(rng.choice(_SIZES) for _ in range(rng.choice([1, 2, 2, 3])))
    while len(shape) > 1 and _product(shape) > 256:
        shape = shape[1:]
    bounds = (0, 0) if is_float(dtype) or dtype == "bool" else value_range(rng, dtype)
    return new_slot(scope, prefix, dtype, shape, bounds)


def _product(sizes: Sequence[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


def _stage(scope: Scope, slot: Slot) -> Any:
    """Loops around a block, or around a block in a block, that fills a buffer."""
    axes = [_axis(scope, size) for size in slot.shape]
    if scope.rng.random() < 0.35 and slot.dtype != "bool":
        room = max(1, 1024 // _product(slot.shape))
        return _reduction(scope, slot, axes, min(room, scope.rng.choice([2, 3, 4, 8])))
    inner = _within(scope, axes)
    if len(axes) > 1 and scope.rng.random() < 0.2:
        return _nested(inner, slot, axes)
    return _looped(scope, axes, _realized(axes, _stored(inner, slot, axes), None, scope.name("block")))


def _axis(scope: Scope, size: int, reduces: bool = False) -> _Axis:
    """A variable that is one loop's, or of two loops that may run past the end, which a predicate cuts off."""
    rng, tirx = scope.rng, adapter.tvm().tirx
    variable = Typed(tirx.Var(scope.name("v"), "int32"), "int32", 0, size - 1)
    outer = tirx.Var(scope.name("i"), "int32")
    if rng.random() < 0.8 or size < 2:
        return _Axis(variable, size, ((outer, size),), outer, reduces=reduces)
    factor = rng.choice([2, 3, 4])
    inner, turns = tirx.Var(scope.name("i"), "int32"), -(-size // factor)
    value = tirx.Add(tirx.Mul(outer, tirx.IntImm("int32", factor)), inner)
    cut = tirx.LT(value, tirx.IntImm("int32", size)) if turns * factor > size else None
    return _Axis(variable, size, ((outer, turns), (inner, factor)), value, cut, reduces)


def _within(scope: Scope, axes: Sequence[_Axis]) -> Scope:
    """The scope in a block: loads of a buffer of the same shape are at the block's own element, most often."""
    variables = [axis.variable for axis in axes]
    inner = replace(scope, scalars=(*scope.scalars, *variables), depth=3)
    pins = {
        slot.name: dict(enumerate(variables))
        for slot in scope.readable
        if len(slot.shape) == len(variables)
        and all(v.high < size for v, size in zip(variables, slot.shape, strict=True))
        and scope.rng.random() < 0.7
    }
    return replace(inner, pins=pins)


def _at(slot: Slot, axes: Sequence[_Axis]) -> dict[str, dict[int, Typed]]:
    return {slot.name: {dimension: axis.variable for dimension, axis in enumerate(axes)}}


def _stored(scope: Scope, slot: Slot, axes: Sequence[_Axis]) -> Any:
    """The body of a block: a store to its element, now and then by way of other statements."""
    own = replace(scope, pins={**scope.pins, **_at(slot, axes)})
    store = store_to(own, slot)
    if scope.rng.random() < 0.12:
        local = new_slot(scope, "W", slot.dtype, (1,), (slot.low, slot.high))
        tirx = adapter.tvm().tirx
        first = store_to(replace(own, pins=scope.pins), local)
        more = replace(own.with_buffer(local), writable=(local,))
        last = tirx.BufferStore(slot.node, local.node[0], [axis.variable.node for axis in axes])
        return tirx.SeqStmt([tirx.AllocBuffer(local.node), first, sequence(more, 1), last])
    if scope.rng.random() < 0.15:
        tirx, test = adapter.tvm().tirx, condition(own, 1).node
        return tirx.IfThenElse(test, store, store_to(own, slot))
    return store


def _realized(axes: Sequence[_Axis], body: Any, init: Any, name: str) -> Any:
    """A block of some variables where it stands."""
    made = [blocks.iterator(axis.variable.node, axis.size, axis.reduces) for axis in axes]
    tirx, predicate = adapter.tvm().tirx, None
    for cut in (axis.predicate for axis in axes if axis.predicate is not None):
        predicate = cut if predicate is None else tirx.And(predicate, cut)
    block = blocks.block(name, made, body, init)
    return blocks.realize([axis.value for axis in axes], _true() if predicate is None else predicate, block)


def _looped(scope: Scope, axes: Sequence[_Axis], body: Any) -> Any:
    """Loops of all variables around a body; those of reductions may be anywhere, the parts of one stay in order."""
    order = list(axes)
    if scope.rng.random() < 0.3:
        scope.rng.shuffle(order)
    for variable, extent in reversed([loop for axis in order for loop in axis.loops]):
        body = adapter.tvm().tirx.For(variable, 0, extent, 0, body)
    return body


def _nested(scope: Scope, slot: Slot, axes: Sequence[_Axis]) -> Any:
    """A block over the first variable with a block over the others in it."""
    outer, rest = axes[0], list(axes[1:])
    inside = _realized(rest, _stored(scope, slot, axes), None, scope.name("inner"))
    around = _looped(scope, rest, inside)
    return _looped(scope, [outer], _realized([outer], around, None, scope.name("outer")))


def _reduction(scope: Scope, slot: Slot, axes: Sequence[_Axis], extent: int) -> Any:
    tirx = adapter.tvm().tirx
    reduced = _axis(scope, extent, reduces=True)
    start = replace(_within(scope, axes), pins={})
    first = expression(start, slot.dtype, 0)
    inner = _within(scope, axes).with_scalar(reduced.variable)
    own = replace(inner, pins={**inner.pins, **_at(slot, axes)})
    indices = [axis.variable.node for axis in axes]
    value = first if not holds_integers(slot) else bounded(scope, first, slot.low, slot.high)
    init = tirx.BufferStore(slot.node, value.node, indices)
    step = tirx.BufferStore(slot.node, combined(own, load(own, slot), slot).node, indices)
    every = [*axes, reduced]
    return _looped(scope, every, _realized(every, step, init, scope.name("sum")))
