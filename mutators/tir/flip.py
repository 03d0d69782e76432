"""Change the kind of a node that takes the same operands: + to -, < to <=, a serial loop to a parallel one."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from tensorsmith.ir.tir import INTEGER_DTYPES
from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import VALUES, with_node
from tensorsmith.mutators.tir.facts import facts, is_inexact
from tensorsmith.mutators.tir.repair import with_loop
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction

_INTEGERS: tuple[tuple[str, ...], ...] = (
    ("Add", "Sub", "Mul", "Min", "Max"),
    ("FloorDiv", "Div", "FloorMod", "Mod"),
    ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "Add"),
    ("LShift", "RShift"),
)
_FLOATS: tuple[tuple[str, ...], ...] = (("Add", "Sub", "Mul", "Div"), ("Min", "Max"))
_CONDITIONS: tuple[tuple[str, ...], ...] = (("LT", "LE", "GT", "GE", "EQ", "NE"), ("And", "Or"))
_ROUNDINGS = ("floor", "ceil", "trunc", "round", "nearbyint", "fabs")


def flip(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with another operation, comparison, rounding or kind of choice."""
    del donor
    known = facts(function)
    site = choose.site(
        known,
        rng,
        lambda one: one.role in VALUES and bool(others(one.node)) and not is_inexact(one.node, known.inexact),
    )
    if site is None:
        return None
    return with_node(function, site.path, _as(site.node, rng.choice(others(site.node))))


def flip_loop(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function with a loop of another kind, where its iterations allow it."""
    del donor
    site = choose.statement(facts(function), rng, frozenset({"For"}))
    if site is None or site.node.thread_binding is not None:
        return None
    kind = rng.choice([kind for kind in range(4) if kind != int(site.node.kind)])
    made = with_node(function, site.path, with_loop(site.node, kind=kind))
    return made if made is not None and _kind_of_loop(made, site.node.loop_var) == kind else None


def _kind_of_loop(function: TirFunction, variable: Any) -> int | None:
    for _, node in tree.walk(function.func.body):
        if tree.kind_of(node) == "For" and node.loop_var.same_as(variable):
            return int(node.kind)
    return None


def others(node: Any) -> Sequence[str]:
    """The kinds that could stand for a node's own."""
    kind = tree.kind_of(node)
    if kind == "Call":
        name = adapter.intrinsic(node)
        group: tuple[str, ...] = _ROUNDINGS if name in _ROUNDINGS else ("Select",) if name == "if_then_else" else ()
        return [other for other in group if other != name]
    if kind == "Select":
        return ["if_then_else"]
    operand = getattr(node, "a", None)
    if operand is None:
        return []
    dtype = adapter.dtype_of(node)
    groups = _INTEGERS if dtype in INTEGER_DTYPES else _CONDITIONS if dtype == "bool" else _FLOATS
    return [other for group in groups if kind in group for other in group if other != kind]


def _as(node: Any, kind: str) -> Any:
    make = getattr(adapter.tvm().tirx, "abs" if kind == "fabs" else kind)
    return make(*(child.node for child in tree.children(node)))
