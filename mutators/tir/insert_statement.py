"""Grow a new statement before or after another."""

from __future__ import annotations

from random import Random

from tensorsmith.generators.tir.statements import statement
from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import with_statements
from tensorsmith.mutators.tir.facts import facts
from tensorsmith.mutators.tir.reach import scope_at
from tensorsmith.targets.tvm.function import TirFunction


def insert_statement(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with one more statement, such as a store, a loop or a branch."""
    del donor
    known = facts(function)
    site = choose.statement(known, rng)
    if site is None or choose.is_root(site):
        return None
    scope = scope_at(site, known, rng)
    if not scope.writable:
        return None
    made, _ = statement(scope)
    before = rng.random() < 0.5
    return with_statements(function, site.path, [*made, site.node] if before else [site.node, *made])
