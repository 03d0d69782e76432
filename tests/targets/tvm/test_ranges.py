"""Intervals of expressions hold every value that the expression takes."""

import itertools
from collections.abc import Callable
from math import trunc
from typing import Any

import pytest

from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.ranges import Interval, interval

tvm = pytest.importorskip("tvm")

SPANS = [(-5, -2), (-3, 4), (0, 6), (2, 3), (7, 7), (-1, 0)]
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "FloorDiv": lambda a, b: a // b,
    "FloorMod": lambda a, b: a % b,
    "Div": lambda a, b: trunc(a / b),
    "Mod": lambda a, b: a - b * trunc(a / b),
    "Min": min,
    "Max": max,
    "BitwiseAnd": lambda a, b: a & b,
    "BitwiseOr": lambda a, b: a | b,
    "BitwiseXor": lambda a, b: a ^ b,
    "LShift": lambda a, b: a << b,
    "RShift": lambda a, b: a >> b,
}


def of(kind: str, a: Interval, b: Interval, dtype: str = "int32") -> Interval:
    tirx = tvm.tirx
    x, y = tirx.Var("x", dtype), tirx.Var("y", dtype)
    return interval(getattr(tirx, kind)(x, y), {adapter.identity(x): a, adapter.identity(y): b})


@pytest.mark.parametrize("kind", OPERATIONS)
def test_every_value_is_inside(kind: str) -> None:
    for a, b in itertools.product(SPANS, SPANS):
        values = [
            OPERATIONS[kind](x, y)
            for x in range(a[0], a[1] + 1)
            for y in range(b[0], b[1] + 1)
            if (y != 0 or kind not in ("FloorDiv", "FloorMod", "Div", "Mod")) and (y >= 0 or "Shift" not in kind)
        ]
        low, high = of(kind, a, b)
        assert not values or low <= min(values) <= max(values) <= high, (a, b)


def test_simple_ones_are_exact() -> None:
    assert of("Sub", (0, 7), (1, 2)) == (-2, 6)
    assert of("FloorMod", (0, 3), (4, 4)) == (0, 3)
    assert of("FloorMod", (-9, 90), (4, 4)) == (0, 3)
    assert of("FloorDiv", (0, 15), (4, 4)) == (0, 3)


def test_unsigned_values_wrap_and_signed_ones_are_clipped() -> None:
    assert of("Sub", (0, 3), (1, 1), "uint8") == (0, 255)
    assert of("Add", (100, 120), (0, 10), "int8") == (100, 127)


def test_what_is_unknown_takes_all_of_its_dtype() -> None:
    tirx, a = tvm.tirx, adapter.buffer("A", "int8", (4,))
    element = adapter.load(a, [tirx.IntImm("int32", 0)])
    assert interval(element, {}) == (-128, 127)
    assert interval(element, {adapter.identity(a): (0, 9)}) == (0, 9)
    assert interval(tirx.Cast("int32", tirx.FloatImm("float32", 1.0)), {}) == (-(1 << 31), (1 << 31) - 1)


def test_choices_lets_and_casts() -> None:
    tirx: Any = adapter.tvm().tirx
    x, t = tirx.Var("x", "int32"), tirx.Var("t", "int64")
    known, three = {adapter.identity(x): (1, 5)}, tirx.IntImm("int32", 3)
    assert interval(tirx.Select(tirx.LT(x, three), three, tirx.Mul(x, three)), known) == (3, 15)
    assert interval(tirx.if_then_else(tirx.LT(x, three), x, tirx.IntImm("int32", -4)), known) == (-4, 5)
    doubled = tirx.Let(t, tirx.Cast("int64", x), tirx.Add(t, t))
    assert interval(doubled, known) == (2, 10)
    assert interval(tirx.BitwiseNot(x), known) == (-6, -2)
    assert interval(tirx.bitwise_not(x), known) == (-6, -2)
    assert interval(tirx.LT(x, three), known) == (0, 1)
