"""Make a statement or an expression depend on a new condition."""

from __future__ import annotations

from random import Random

from tensorsmith.generators.tir.expressions import condition
from tensorsmith.ir.tir import DTYPES
from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import defines, is_value, with_node, with_statements
from tensorsmith.mutators.tir.facts import facts, is_inexact
from tensorsmith.mutators.tir.reach import scope_at
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction


def wrap_choice(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with a choice, by `Select` or `if_then_else`, between an expression and a new one."""
    del donor
    known = facts(function)
    site = choose.site(known, rng, lambda one: is_value(one, DTYPES) and not is_inexact(one.node, known.inexact))
    if site is None:
        return None
    scope, tirx = scope_at(site, known, rng), adapter.tvm().tirx
    sides = [site.node, scope.grow(scope, adapter.dtype_of(site.node), rng.choice([0, 1])).node]
    rng.shuffle(sides)
    kind = rng.choice([tirx.Select, tirx.if_then_else])
    return with_node(function, site.path, kind(condition(scope, rng.choice([0, 1])).node, *sides))


def wrap_branch(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with a statement in one of the branches of an `if`."""
    del donor
    known = facts(function)
    site = choose.statement(known, rng)
    if site is None or defines(site.node) or choose.is_root(site):
        return None
    scope, tirx = scope_at(site, known, rng), adapter.tvm().tirx
    test = condition(scope, rng.choice([0, 1, 2])).node
    if rng.random() < 0.2:
        test = tirx.likely(test)
    nothing = tirx.Evaluate(tirx.IntImm("int32", 0))
    made = tirx.IfThenElse(test, site.node, None) if rng.random() < 0.8 else tirx.IfThenElse(test, nothing, site.node)
    return with_statements(function, site.path, [made])
