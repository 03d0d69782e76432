"""Read an expression's value from memory: from a buffer that is there, or from a new local one that it goes through."""

from __future__ import annotations

from random import Random

from tensorsmith.generators.tir.buffers import load, loadable
from tensorsmith.ir.tir import DTYPES
from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import is_value, with_node, with_statements
from tensorsmith.mutators.tir.facts import facts, is_inexact
from tensorsmith.mutators.tir.insert_expression import combined
from tensorsmith.mutators.tir.reach import scope_at
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import PARALLEL, SERIAL, UNROLLED, VECTORIZED, Site


def insert_load(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with an element of a buffer instead of an expression, or beside it."""
    del donor
    known = facts(function)
    site = choose.site(known, rng, lambda one: is_value(one, DTYPES) and not is_inexact(one.node, known.inexact))
    if site is None:
        return None
    scope, dtype = scope_at(site, known, rng), adapter.dtype_of(site.node)
    slots = loadable(scope, dtype)
    if not slots:
        return None
    element = load(scope, rng.choice(slots)).node
    if rng.random() < 0.5:
        element = combined(dtype, site.node, element, rng)
    return with_node(function, site.path, element)


def through_local(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with a value that is stored to a new local buffer and loaded again before it is stored."""
    del donor
    site = choose.statement(facts(function), rng, frozenset({"BufferStore"}))
    if site is None or any(loop.kind in (PARALLEL, VECTORIZED, UNROLLED) for loop in site.place.loops[-1:]):
        return None
    if any(loop.kind == VECTORIZED for loop in site.place.loops):
        return None
    store, tirx = site.node, adapter.tvm().tirx
    index, size = _cell(site, rng)
    local = adapter.buffer(f"L{rng.randrange(100)}", adapter.dtype_of(store.value), (size,))
    kept = tirx.BufferStore(local, store.value, [index])
    used = tirx.BufferStore(store.buffer, adapter.load(local, [index]), list(store.indices))
    made = [tirx.AllocBuffer(local), kept, used]
    return with_statements(function, site.path, made)


def _cell(site: Site, rng: Random) -> tuple[object, int]:
    """An index of a local buffer, and the buffer's size: one element, or one for each turn of a loop around."""
    serial = [
        loop
        for loop in site.place.loops
        if loop.kind == SERIAL
        and 0 < loop.most <= 16
        and tree.kind_of(loop.node.min) == "IntImm"
        and any(loop.variable.same_as(variable) for variable in site.place.variables)
    ]
    zero = adapter.tvm().tirx.IntImm("int32", 0)
    if not serial or rng.random() < 0.5:
        return zero, rng.choice([1, 1, 4])
    loop = rng.choice(serial)
    return adapter.tvm().tirx.Sub(loop.variable, loop.node.min), loop.most
