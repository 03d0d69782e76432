"""Grow a new operand beside an expression, or a new expression in its place."""

from __future__ import annotations

from random import Random
from typing import Any

from tensorsmith.generators.tir.types import is_float
from tensorsmith.ir.tir import DTYPES, INTEGER_DTYPES
from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import is_value, with_node
from tensorsmith.mutators.tir.facts import facts, is_inexact
from tensorsmith.mutators.tir.reach import scope_at
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction

OF_FLOATS = ("Add", "Sub", "Mul", "Div", "Min", "Max")
OF_INTEGERS = (
    "Add", "Add", "Sub", "Sub", "Mul", "FloorDiv", "Div", "FloorMod", "Mod", "Min", "Max", "BitwiseAnd", "BitwiseOr",
    "BitwiseXor", "LShift", "RShift",
)  # fmt: skip
OF_BOOLEANS = ("And", "Or", "EQ", "NE")


def insert_expression(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function where an expression has become an operand of a new operation, or has been replaced."""
    del donor
    known = facts(function)
    site = choose.site(known, rng, lambda one: is_value(one, DTYPES) and not is_inexact(one.node, known.inexact))
    if site is None:
        return None
    dtype, scope = adapter.dtype_of(site.node), scope_at(site, known, rng)
    grown = scope.grow(scope, dtype, rng.choice([0, 1, 1, 2])).node
    if rng.random() < 0.2:
        return with_node(function, site.path, grown)
    return with_node(function, site.path, combined(dtype, site.node, grown, rng))


def combined(dtype: str, a: Any, b: Any, rng: Random) -> Any:
    """A random operation of two expressions of a dtype."""
    names = OF_FLOATS if is_float(dtype) else OF_INTEGERS if dtype in INTEGER_DTYPES else OF_BOOLEANS
    sides = [a, b]
    rng.shuffle(sides)
    return getattr(adapter.tvm().tirx, rng.choice(names))(*sides)
