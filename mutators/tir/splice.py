"""Bring a statement or an expression of another function in, its variables and buffers mapped to ours."""

from __future__ import annotations

from random import Random
from typing import Any

from tensorsmith.generators.tir.types import is_float
from tensorsmith.ir.tir import DTYPES
from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import is_value, with_node, with_statements
from tensorsmith.mutators.tir.facts import Facts, facts, is_inexact
from tensorsmith.mutators.tir.repair import clamped, constant
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.ranges import dtype_interval
from tensorsmith.targets.tvm.sites import PARALLEL, VECTORIZED, Site

MOST_NODES = 150
_STAYS = frozenset({"While", "Break", "Continue", "Return", "DeclBuffer", "SBlock"})


def splice_statement(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with a statement of the donor before or after one of its own.

    A buffer of the donor becomes one of ours of equal dtype and number of dimensions, or a new local one.
    """
    known, others = facts(function), facts(donor)
    site, given = choose.statement(known, rng), choose.site(others, rng, _can_be_given)
    if site is None or given is None or choose.is_root(site) or any(_is_apart(loop.kind) for loop in site.place.loops):
        return None
    mapped, made = _mapped(given, others, site, known, rng, stores=True)
    if mapped is None:
        return None
    statement = tree.substitute(given.node, mapped)
    before = rng.random() < 0.5
    return with_statements(
        function, site.path, [*made, statement, site.node] if before else [site.node, *made, statement]
    )


def splice_expression(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with an expression of the donor instead of one of its own of equal dtype."""
    known, others = facts(function), facts(donor)
    site = choose.site(known, rng, lambda one: is_value(one, DTYPES) and not is_inexact(one.node, known.inexact))
    if site is None:
        return None
    dtypes = (adapter.dtype_of(site.node),)
    given = choose.site(
        others, rng,
        lambda one: (
            is_value(one, dtypes) and bool(tree.children(one.node)) and not is_inexact(one.node, others.inexact)
        ),
    )  # fmt: skip
    if given is None or tree.size(given.node) > MOST_NODES:
        return None
    mapped, made = _mapped(given, others, site, known, rng, stores=False)
    if mapped is None or made:
        return None
    return with_node(function, site.path, tree.substitute(given.node, mapped))


def _is_apart(kind: int) -> bool:
    return kind in (PARALLEL, VECTORIZED)


def _can_be_given(one: Site) -> bool:
    if not choose.is_statement(one) or choose.is_root(one) or tree.size(one.node) > MOST_NODES:
        return False
    kinds = {tree.kind_of(node) for _, node in tree.walk(one.node)}
    return kinds.isdisjoint(_STAYS) and tree.kind_of(one.node) not in ("Bind", "AllocBuffer", "AssertStmt")


def _mapped(
    given: Site, theirs: Facts, site: Site, ours: Facts, rng: Random, stores: bool
) -> tuple[dict[int, Any] | None, list[Any]]:
    """What stands for each variable of the donor, and allocations that this takes; None where something is missing."""
    tirx, inside = adapter.tvm().tirx, _defined(given.node)
    mapped: dict[int, Any] = {}
    made: list[Any] = []
    for identity, variable in adapter.variables(given.node).items():
        is_buffer = adapter.is_buffer(variable)
        if identity in inside:
            mapped[identity] = _twin(variable) if is_buffer else tirx.Var(variable.name, adapter.dtype_of(variable))
        elif is_buffer:
            chosen = _buffer_for(variable, theirs, site, ours, rng)
            if chosen is None and not stores:
                return None, []
            if chosen is None:
                chosen = _twin(variable)
                made.append(tirx.AllocBuffer(chosen))
            mapped[identity] = chosen
        elif adapter.dtype_of(variable) in DTYPES:
            mapped[identity] = _scalar_for(variable, given, site, rng)
        else:
            return None, []
    return mapped, made


def _defined(node: Any) -> set[int]:
    found: set[int] = set()
    for _, one in tree.walk(node):
        kind = tree.kind_of(one)
        if kind == "For":
            found.add(adapter.identity(one.loop_var))
        elif kind in ("Bind", "Let"):
            found.add(adapter.identity(one.var))
        elif kind == "AllocBuffer":
            found.add(adapter.identity(one.buffer))
        elif kind == "SBlock":
            found.update(adapter.identity(iterator.var) for iterator in one.iter_vars)
            found.update(adapter.identity(buffer) for buffer in one.alloc_buffers)
    return found


def _twin(variable: Any) -> Any:
    sizes = [size or 1 for size in adapter.shape(variable)]
    return adapter.buffer(str(variable.name), adapter.element_dtype(variable), sizes)


def _buffer_for(variable: Any, theirs: Facts, site: Site, ours: Facts, rng: Random) -> Any:
    """One of our buffers, which has been written, holds exact values if theirs does, and counts no loop."""
    inexact = adapter.identity(variable) in theirs.inexact
    fitting = [
        buffer
        for buffer in site.place.buffers
        if adapter.element_dtype(buffer) == adapter.element_dtype(variable)
        and len(adapter.shape(buffer)) == len(adapter.shape(variable))
        and None not in adapter.shape(buffer)
        and ours.readable(buffer, site.path)
        and adapter.identity(buffer) not in ours.counters
        and (adapter.identity(buffer) in ours.inexact) == inexact
    ]
    return rng.choice(fitting) if fitting else None


def _scalar_for(variable: Any, given: Site, site: Site, rng: Random) -> Any:
    """A variable of ours in the range of theirs, or a constant."""
    dtype = adapter.dtype_of(variable)
    low, high = given.place.known.get(adapter.identity(variable)) or dtype_interval(dtype)
    fitting = [one for one in site.place.variables if adapter.dtype_of(one) == dtype]
    if not fitting or rng.random() < 0.2:
        return constant(dtype, max(low, min(high, 1)))
    chosen = rng.choice(fitting)
    if is_float(dtype) or dtype == "bool":
        return chosen
    return clamped(chosen, low, high, site.place.known.get(adapter.identity(chosen)) or dtype_interval(dtype))
