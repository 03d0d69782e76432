"""Put a statement into loops: serial or unrolled ones that repeat it, parallel or vectorized ones along a dimension."""

from __future__ import annotations

from random import Random
from typing import Any

from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import defines, with_statements
from tensorsmith.mutators.tir.facts import facts
from tensorsmith.mutators.tir.repair import MOST_ITERATIONS, constant
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import PARALLEL, SERIAL, UNROLLED, VECTORIZED, Site

MOST_LOOPS = 8


def wrap_loop(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with a statement in one to three loops, whose bounds may depend on variables around."""
    del donor
    site = choose.statement(facts(function), rng)
    if site is None or defines(site.node) or choose.is_root(site) or len(site.place.loops) >= MOST_LOOPS:
        return None
    room, body = MOST_ITERATIONS // max(site.place.iterations, 1), site.node
    if room < 2:
        return None
    for _ in range(rng.choice([1, 1, 2, 3])):
        extent = rng.randint(1, max(1, min(room, 5)))
        room //= extent
        body = _around(body, site, extent, rng)
    return with_statements(function, site.path, [body])


def _around(body: Any, site: Site, extent: int, rng: Random) -> Any:
    tirx, dtype = adapter.tvm().tirx, rng.choice(["int32", "int32", "int64"])
    variable = tirx.Var(f"w{rng.randrange(100)}", dtype)
    if rng.random() < 0.25:
        return tirx.For(variable, constant(dtype, 0), constant(dtype, extent), UNROLLED, body)
    outer = [one for one in site.place.variables if adapter.dtype_of(one) == dtype and _is_small(one, site)]
    start = constant(dtype, rng.choice([0, 0, 0, 1, -2, 5]))
    if not outer or rng.random() < 0.5:
        return tirx.For(variable, start, constant(dtype, extent), SERIAL, body, step=_step(dtype, rng))
    chosen = rng.choice(outer)
    low = site.place.known[adapter.identity(chosen)][0]
    size = tirx.Min(tirx.Sub(chosen, constant(dtype, low)), constant(dtype, extent))
    return tirx.For(variable, rng.choice([start, chosen]), size, SERIAL, body)


def _step(dtype: str, rng: Random) -> Any:
    return constant(dtype, rng.choice([2, 3])) if rng.random() < 0.15 else None


def _is_small(variable: Any, site: Site) -> bool:
    low, high = site.place.known.get(adapter.identity(variable), (-(1 << 40), 1 << 40))
    return -1000 < low <= high < 1000


def wrap_apart(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with a store in a parallel or vectorized loop along a dimension of the buffer."""
    del donor
    known = facts(function)
    site = choose.statement(known, rng, frozenset({"BufferStore"}))
    if site is None or any(loop.kind in (PARALLEL, VECTORIZED) for loop in site.place.loops):
        return None
    store, tirx = site.node, adapter.tvm().tirx
    sizes = adapter.shape(store.buffer)
    room = MOST_ITERATIONS // max(site.place.iterations, 1)
    wide = [position for position, size in enumerate(sizes) if size is not None and 1 < size <= min(room, 64)]
    if not wide:
        return None
    dimension, variable = rng.choice(wide), tirx.Var("p", "int32")
    indices = list(store.indices)
    old, indices[dimension] = indices[dimension], variable
    value = _moved(store.value, store.buffer, dimension, variable)
    if tree.kind_of(old) == "Var" and adapter.dtype_of(old) == "int32" and rng.random() < 0.7:
        value = tree.substitute(value, {adapter.identity(old): variable})
    body = tirx.BufferStore(store.buffer, value, indices)
    kind = rng.choice([PARALLEL, VECTORIZED])
    return with_statements(function, site.path, [tirx.For(variable, 0, sizes[dimension], kind, body)])


def _moved(value: Any, buffer: Any, dimension: int, variable: Any) -> Any:
    """A value that loads from a buffer only at the loop's variable in a dimension."""
    parts = [_moved(child.node, buffer, dimension, variable) for child in tree.children(value)]
    if tree.kind_of(value) == "TensorLoad" and value.source.same_as(buffer):
        parts[dimension] = variable
    return tree.rebuild(value, parts) if parts else value
