"""Delete a statement, or the node between an expression and one of its operands."""

from __future__ import annotations

from random import Random
from typing import Any

from tensorsmith.ir.tir import DTYPES
from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import defines, is_value, with_node, with_statements
from tensorsmith.mutators.tir.facts import facts
from tensorsmith.mutators.tir.repair import constant
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.ranges import Known, interval


def delete_statement(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function without a statement, or with the body of a loop or a branch instead of it."""
    del donor
    site = choose.statement(facts(function), rng)
    if site is None or defines(site.node) or choose.is_root(site):
        return None
    kind, node = tree.kind_of(site.node), site.node
    if kind == "For" and rng.random() < 0.6:
        inner = tree.substitute(node.body, {adapter.identity(node.loop_var): node.min})
        return with_statements(function, site.path, [inner])
    if kind == "IfThenElse" and rng.random() < 0.7:
        branches = [branch for branch in (node.then_case, node.else_case) if branch is not None]
        return with_statements(function, site.path, [rng.choice(branches)])
    return with_statements(function, site.path, [])


def delete_expression(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with an operand, or a constant, instead of an expression."""
    del donor
    site = choose.site(facts(function), rng, lambda one: is_value(one, DTYPES) and bool(tree.children(one.node)))
    if site is None:
        return None
    dtype = adapter.dtype_of(site.node)
    operands = [child.node for child in tree.children(site.node) if _is_of(child.node, dtype)]
    if tree.kind_of(site.node) == "Let":
        operands = []  # its body has the variable
    if operands and rng.random() < 0.8:
        return with_node(function, site.path, rng.choice(operands))
    return with_node(function, site.path, _some_constant(site.node, dtype, site.place.known))


def _is_of(node: Any, dtype: str) -> bool:
    return not tree.is_statement(node) and adapter.dtype_of(node) == dtype


def _some_constant(node: Any, dtype: str, known: Known) -> Any:
    low, high = interval(node, known)
    return constant(dtype, min(max(low, 1), high))
