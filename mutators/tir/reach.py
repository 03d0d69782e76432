"""The generator's view of a place in a function that is there already: so that new parts can be grown at it."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

from tensorsmith.generators.tir.expressions import expression
from tensorsmith.generators.tir.scope import Scope, Slot
from tensorsmith.generators.tir.types import Typed
from tensorsmith.ir.tir import DTYPES
from tensorsmith.mutators.tir.facts import Facts
from tensorsmith.mutators.tir.independent import aliases, keeps_apart, touched
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.ranges import dtype_interval
from tensorsmith.targets.tvm.sites import PARALLEL, VECTORIZED, Loop, Site

Pins = dict[str, dict[int, Typed]]


def scope_at(site: Site, facts: Facts, rng: Random) -> Scope:
    """The scope of the generator at a site: what can be read and written there without a race."""
    readable, writable = [], []
    for buffer in site.place.buffers:
        slot = slot_of(buffer, facts)
        if slot is None:
            continue
        if facts.readable(buffer, site.path) and not slot.sink:
            readable.append(slot)
        identity = adapter.identity(buffer)
        if (identity in facts.parameters or identity in facts.filled) and identity not in facts.counters:
            writable.append(slot)
    pins: Pins = {}
    for loop in site.place.loops:
        if loop.kind in (PARALLEL, VECTORIZED):
            in_reach = any(loop.variable.same_as(variable) for variable in site.place.variables)
            writable = _pinned(loop, in_reach, [*readable, *writable], writable, pins)
    kinds = {loop.kind for loop in site.place.loops}
    return Scope(
        rng, count(len(facts.sites)), expression, tuple(typed(variable, site) for variable in _scalars(site)),
        tuple(readable), tuple(writable), pins, max(site.place.iterations, 1), VECTORIZED in kinds, PARALLEL in kinds,
        max(2, len(site.place.loops)),
    )  # fmt: skip


def slot_of(buffer: Any, facts: Facts) -> Slot | None:
    """A buffer as the generator has it; None for one of a dtype or shape that it does not know."""
    dtype, shape = adapter.element_dtype(buffer), adapter.shape(buffer)
    sizes = tuple(size for size in shape if size is not None)
    if dtype not in DTYPES or len(sizes) != len(shape) or not sizes:
        return None
    identity = adapter.identity(buffer)
    low, high = facts.buffers.get(identity, dtype_interval(dtype))
    name = f"{buffer.name}.{identity}"  # names need not be unique, pins go by them
    return Slot(buffer, name, dtype, sizes, low, high, identity in facts.inexact)


def typed(variable: Any, site: Site) -> Typed:
    """A variable with the interval of its values."""
    dtype = adapter.dtype_of(variable)
    low, high = site.place.known.get(adapter.identity(variable)) or dtype_interval(dtype)
    return Typed(variable, dtype, low, high)


def _scalars(site: Site) -> list[Any]:
    return [variable for variable in site.place.variables if adapter.dtype_of(variable) in DTYPES]


def _pinned(loop: Loop, in_reach: bool, slots: list[Slot], writable: list[Slot], pins: Pins) -> list[Slot]:
    """What of `writable` can be written in a parallel loop, every access of it pinned to the loop's variable."""
    reads, writes, _ = touched(loop.node.body)
    alias, variable = aliases(loop.node), Typed(loop.variable, "int32", 0, loop.most - 1)
    fits = int(getattr(loop.node.min, "value", -1)) == 0 and in_reach
    names = {slot.name for slot in writable}
    kept = []
    for slot in {slot.name: slot for slot in slots}.values():
        identity = adapter.identity(slot.node)
        written = writes.get(identity, (None, []))[1]
        every = written + reads.get(identity, (None, []))[1]
        free = [
            dimension
            for dimension, size in enumerate(slot.shape)
            if fits and size >= loop.most and keeps_apart(every, dimension, loop.node, alias)
        ]
        if not free:
            continue
        if slot.name in names:
            kept.append(slot)
        if slot.name in names or written:
            pins[slot.name] = {**pins.get(slot.name, {}), free[0]: variable}
    return kept
