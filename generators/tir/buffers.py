"""Loads, stores, and indices that are in bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tensorsmith.generators.tir.scope import Scope, Slot
from tensorsmith.generators.tir.types import INDEX_DTYPES, Typed, is_float
from tensorsmith.ir.tir import integer_range
from tensorsmith.targets.tvm import adapter

MAX_LOOP_DEPTH = 4


def new_slot(scope: Scope, prefix: str, dtype: str, shape: tuple[int, ...], bounds: tuple[int, int]) -> Slot:
    """A buffer of a fresh name whose integers stay within `bounds`."""
    name = scope.name(prefix)
    return Slot(adapter.buffer(name, dtype, shape), name, dtype, shape, *bounds)


def load(scope: Scope, slot: Slot) -> Typed:
    """An element of a readable buffer."""
    node = slot.node[tuple(indices(scope, slot))]
    return Typed(node, slot.dtype, slot.low, slot.high)


def loadable(scope: Scope, dtype: str) -> list[Slot]:
    """Buffers of a dtype that can be read."""
    return [slot for slot in scope.readable if slot.dtype == dtype]


def indices(scope: Scope, slot: Slot) -> list[Any]:
    """An index for each dimension; those that keep parallel iterations apart are the loop's variable."""
    pinned = scope.pins.get(slot.name, {})
    return [pinned[d].node if d in pinned else _index(scope, size) for d, size in enumerate(slot.shape)]


def _index(scope: Scope, size: int) -> Any:
    rng, tirx = scope.rng, adapter.tvm().tirx
    integers = [scalar for scalar in scope.scalars if scalar.dtype in INDEX_DTYPES]
    inside = [scalar for scalar in integers if scalar.low >= 0 and scalar.high < size]
    chance = rng.random()
    if inside and chance < 0.6:
        return rng.choice(inside).node
    if inside and chance < 0.7:
        scalar = rng.choice(inside)
        return tirx.Sub(tirx.IntImm(scalar.dtype, size - 1), scalar.node)
    if integers and chance < 0.9:
        return rng.choice(_WRAPPINGS)(scope, rng.choice(integers), size)
    if chance > 0.96:
        loaded = [slot for slot in scope.readable if slot.dtype == "int32" and slot.name not in scope.pins]
        if loaded and scope.depth < MAX_LOOP_DEPTH:
            slot = rng.choice(loaded)
            element = Typed(slot.node[tuple(tirx.IntImm("int32", 0) for _ in slot.shape)], "int32", slot.low, slot.high)
            return _modulo(scope, element, size)
    return tirx.IntImm("int32", rng.randrange(size))


def _modulo(scope: Scope, scalar: Typed, size: int) -> Any:
    tirx = adapter.tvm().tirx
    return tirx.FloorMod(scalar.node, tirx.IntImm(scalar.dtype, size))


def _moved_modulo(scope: Scope, scalar: Typed, size: int) -> Any:
    tirx, far = adapter.tvm().tirx, scope.rng.randint(-3, 5)
    if max(abs(scalar.low), abs(scalar.high)) > 1 << 20:
        return _modulo(scope, scalar, size)
    moved = tirx.Add(scalar.node, tirx.IntImm(scalar.dtype, far))
    return tirx.FloorMod(moved, tirx.IntImm(scalar.dtype, size))


def _clamped(scope: Scope, scalar: Typed, size: int) -> Any:
    tirx = adapter.tvm().tirx
    at_least = tirx.Max(scalar.node, tirx.IntImm(scalar.dtype, 0))
    return tirx.Min(at_least, tirx.IntImm(scalar.dtype, size - 1))


def _divided(scope: Scope, scalar: Typed, size: int) -> Any:
    tirx = adapter.tvm().tirx
    divisor = scalar.high // size + 1
    if scalar.low < 0 or divisor > integer_range(scalar.dtype)[1]:
        return _clamped(scope, scalar, size)
    return tirx.FloorDiv(scalar.node, tirx.IntImm(scalar.dtype, divisor))


_WRAPPINGS: tuple[Callable[[Scope, Typed, int], Any], ...] = (_modulo, _moved_modulo, _clamped, _divided)


Pins = dict[str, dict[int, Typed]]


def kept_apart(scope: Scope, variable: Typed) -> tuple[tuple[Slot, ...], Pins]:
    """The buffers that a parallel loop over `variable` may write, and the pins of its scope.

    Those are the buffers with a dimension that the variable can be the index of; it is pinned there. Pins of loops
    around stay, for those loops may write what this one only reads.
    """
    pins = {name: dict(pinned) for name, pinned in scope.pins.items()}
    writable = []
    for slot in scope.writable:
        taken = pins.get(slot.name, {})
        free = [dimension for dimension in range(len(slot.shape)) if dimension not in taken]
        fitting = [dimension for dimension in free if 0 <= variable.low <= variable.high < slot.shape[dimension]]
        if fitting:
            pins[slot.name] = {**taken, scope.rng.choice(fitting): variable}
            writable.append(slot)
    return tuple(writable), pins


def holds_integers(slot: Slot) -> bool:
    """Whether a buffer's elements have a range to keep to."""
    return slot.dtype != "bool" and not is_float(slot.dtype)
