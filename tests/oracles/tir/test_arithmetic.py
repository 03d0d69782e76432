"""The reference on one expression: results computed by hand, and what is undefined."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tensorsmith.targets.tvm import adapter

pytest.importorskip("tvm")
tirx = adapter.tvm().tirx
NAN, INF = float("nan"), float("inf")

Make = Callable[..., Any]


def evaluate(make: Make, dtype: str, *operands: Any) -> Any:
    """The expression that `make` builds from the elements of a buffer, which are `operands`."""
    given = adapter.buffer("A", dtype, (len(operands),))
    expression = make(*(given[i] for i in range(len(operands))))
    result = adapter.buffer("B", adapter.dtype_of(expression), (1,))
    func = adapter.function([given, result], tirx.BufferStore(result, expression, [0]))
    arrays = {"A": np.array(operands, dtype), "B": np.zeros(1, adapter.dtype_of(expression))}
    return compile_function(func).run(arrays)["B"][0]


def cast_to(dtype: str) -> Make:
    return lambda a: tirx.Cast(dtype, a)


INTEGERS: list[tuple[Make, str, tuple[int, ...], int]] = [
    (tirx.Add, "int8", (100, 27), 127),
    (tirx.Add, "uint8", (200, 100), 44),
    (tirx.Sub, "uint16", (0, 1), 65535),
    (tirx.Mul, "uint16", (1 << 15, 3), 1 << 15),
    (tirx.LShift, "uint64", (3, 63), 1 << 63),
    (tirx.Mul, "int64", (-(1 << 31), 1 << 31), -(1 << 62)),
    (tirx.FloorDiv, "int32", (-7, 2), -4),
    (tirx.FloorDiv, "int32", (7, -2), -4),
    (tirx.FloorMod, "int32", (-7, 3), 2),
    (tirx.FloorMod, "int32", (7, -3), -2),
    (tirx.Div, "int32", (-7, 2), -3),
    (tirx.Div, "int32", (7, -2), -3),
    (tirx.Mod, "int32", (-7, 3), -1),
    (tirx.Mod, "int32", (7, -3), 1),
    (tirx.Min, "int16", (-5, 3), -5),
    (tirx.Max, "uint8", (5, 250), 250),
    (tirx.LShift, "int16", (-3, 4), -48),
    (tirx.LShift, "uint8", (255, 4), 240),
    (tirx.RShift, "int8", (-5, 1), -3),
    (tirx.RShift, "uint8", (250, 3), 31),
    (tirx.BitwiseAnd, "int8", (-4, 7), 4),
    (tirx.BitwiseOr, "uint16", (0xF0, 0x0F), 0xFF),
    (tirx.BitwiseXor, "int32", (-1, 5), -6),
    (tirx.BitwiseNot, "uint8", (1,), 254),
    (tirx.BitwiseNot, "int8", (1,), -2),
    (cast_to("int8"), "int32", (200,), -56),
    (cast_to("uint8"), "int32", (-1,), 255),
    (cast_to("int64"), "uint64", ((1 << 64) - 1,), -1),
    (cast_to("bool"), "int32", (7,), True),
    (cast_to("int32"), "bool", (True,), 1),
    (tirx.popcount, "uint16", (0xF0F,), 8),
    (lambda a, b: tirx.Select(tirx.LT(a, b), a, b), "int32", (4, 3), 3),
    (lambda a, b: tirx.if_then_else(tirx.EQ(b, tirx.IntImm("int32", 0)), a, tirx.FloorDiv(a, b)), "int32", (4, 0), 4),
    (lambda a, b: tirx.And(tirx.GE(a, b), tirx.Not(tirx.EQ(a, b))), "int32", (4, 3), True),
    (lambda a, b: tirx.Or(tirx.GT(a, b), tirx.NE(a, b)), "int32", (3, 3), False),
]


@pytest.mark.parametrize(("make", "dtype", "operands", "expected"), INTEGERS)
def test_integers(make: Make, dtype: str, operands: tuple[int, ...], expected: int) -> None:
    assert int(evaluate(make, dtype, *operands)) == expected


FLOATS: list[tuple[Make, str, tuple[float, ...], float]] = [
    (tirx.Add, "float16", (2048.0, 1.0), 2048.0),
    (tirx.Add, "float32", (16777216.0, 1.0), 16777216.0),
    (tirx.Add, "float64", (16777216.0, 1.0), 16777217.0),
    (tirx.Mul, "float16", (300.0, 300.0), INF),
    (tirx.Div, "float32", (1.0, -0.0), -INF),
    (tirx.Div, "float64", (0.0, 0.0), NAN),
    (tirx.Sub, "float32", (INF, INF), NAN),
    (tirx.Mul, "float32", (0.0, -1.0), -0.0),
    (tirx.Min, "float32", (NAN, 1.0), 1.0),
    (tirx.Min, "float32", (1.0, NAN), NAN),
    (tirx.Max, "float32", (0.0, -0.0), -0.0),
    (cast_to("float16"), "float64", (1.0 + 2.0**-11 + 2.0**-40,), 1.0 + 2.0**-10),
    (cast_to("float32"), "int64", ((1 << 60) + (1 << 36) + 1,), float((1 << 60) + (1 << 37))),
    (cast_to("float32"), "uint64", ((1 << 64) - 1,), 2.0**64),
    (tirx.sqrt, "float32", (2.0,), float(np.sqrt(np.float32(2)))),
    (tirx.sqrt, "float32", (-1.0,), NAN),
    (tirx.floor, "float32", (-0.5,), -1.0),
    (tirx.ceil, "float32", (-0.5,), -0.0),
    (tirx.trunc, "float64", (-1.5,), -1.0),
    (tirx.nearbyint, "float32", (2.5,), 2.0),
    (tirx.abs, "float16", (-0.0,), 0.0),
    (tirx.copysign, "float32", (3.0, -0.0), -3.0),
    (tirx.exp, "float64", (0.0,), 1.0),
]


@pytest.mark.parametrize(("make", "dtype", "operands", "expected"), FLOATS)
def test_floats(make: Make, dtype: str, operands: tuple[float, ...], expected: float) -> None:
    result = evaluate(make, dtype, *operands)
    np.testing.assert_equal(float(result), expected)
    assert np.isnan(expected) or np.signbit(result) == np.signbit(expected)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (tirx.EQ, False),
        (tirx.NE, True),
        (tirx.LT, False),
        (tirx.GE, False),
        (lambda a, b: tirx.Not(tirx.LT(a, b)), True),
    ],
)
def test_nan_is_unordered(make: Make, expected: bool) -> None:
    assert bool(evaluate(make, "float32", NAN, 1.0)) is expected


UNDEFINED: list[tuple[Make, str, tuple[float, ...], str]] = [
    (tirx.Add, "int8", (100, 28), "integer overflow"),
    (tirx.Sub, "int32", (-(1 << 31), 1), "integer overflow"),
    (tirx.Sub, "uint32", (1, 2), "integer overflow"),
    (tirx.Mul, "uint64", (1 << 63, 3), "integer overflow"),
    (tirx.Mul, "int64", (1 << 32, 1 << 31), "integer overflow"),
    (tirx.Div, "int32", (-(1 << 31), -1), "integer overflow"),
    (tirx.FloorDiv, "int8", (-128, -1), "integer overflow"),
    (tirx.LShift, "int32", (1, 31), "integer overflow"),
    (tirx.FloorDiv, "int32", (1, 0), "division by zero"),
    (tirx.FloorMod, "uint8", (1, 0), "division by zero"),
    (tirx.Div, "uint8", (1, 0), "division by zero"),
    (tirx.Mod, "int64", (1, 0), "division by zero"),
    (tirx.LShift, "uint8", (1, 8), "shift out of range"),
    (tirx.RShift, "int32", (1, -1), "shift out of range"),
    (cast_to("int8"), "float32", (128.0,), "float to integer out of range"),
    (cast_to("uint8"), "float32", (-1.0,), "float to integer out of range"),
    (cast_to("int32"), "float16", (NAN,), "float to integer out of range"),
    # Compiled code evaluates both sides of these.
    (
        lambda a, b: tirx.Select(tirx.NE(b, tirx.IntImm("int32", 0)), tirx.FloorDiv(a, b), a),
        "int32",
        (1, 0),
        "division",
    ),
    (lambda a, b: tirx.And(tirx.NE(b, b), tirx.EQ(tirx.FloorDiv(a, b), a)), "int32", (1, 0), "division by zero"),
]


@pytest.mark.parametrize(("make", "dtype", "operands", "reason"), UNDEFINED)
def test_undefined(make: Make, dtype: str, operands: tuple[float, ...], reason: str) -> None:
    with pytest.raises(Undefined, match=reason):
        evaluate(make, dtype, *operands)


def test_let() -> None:
    x = tirx.Var("x", "int32")
    assert evaluate(lambda a: tirx.Let(x, tirx.Add(a, a), tirx.Mul(x, x)), "int32", 3) == 36


def test_an_unknown_intrinsic_is_named() -> None:
    with pytest.raises(Unsupported, match="intrinsic dp4a"):
        evaluate(lambda a: tirx.call_intrin("int32", "tirx.dp4a", a, a, a), "int32", 1)


def leading_zeros(a: Any, zero_is_undefined: bool) -> Any:
    dtype = adapter.dtype_of(a)
    return tirx.call_llvm_pure_intrin(dtype, "llvm.ctlz", a, tirx.IntImm("bool", zero_is_undefined))


INTRINSICS: list[tuple[Make, str, tuple[float, ...], float]] = [
    (lambda a: leading_zeros(a, False), "int32", (1,), 31),
    (lambda a: leading_zeros(a, True), "int32", (-1,), 0),
    (lambda a: leading_zeros(a, False), "uint8", (0,), 8),
    (tirx.popcount, "int8", (-1,), 8),
    (tirx.abs, "int32", (-7,), 7),
    (lambda a: tirx.reinterpret("int32", a), "float32", (-2.0,), -(1 << 30)),
    (lambda a: tirx.reinterpret("float32", a), "int32", (0x3FC00000,), 1.5),
    (lambda a: tirx.reinterpret("int8", a), "uint8", (255,), -1),
    (tirx.round, "float32", (2.5,), 2.0),
    (tirx.round, "float32", (-0.4,), -0.0),
    (lambda a: tirx.call_llvm_pure_intrin("float32", "llvm.round", a), "float32", (2.5,), 3.0),
    (lambda a: tirx.call_llvm_pure_intrin("float32", "llvm.round", a), "float32", (-0.5,), -1.0),
    (lambda a: tirx.call_llvm_pure_intrin("float32", "llvm.fmuladd", a, a, a), "float32", (4097.0,), 16789504.0),
    (lambda a: tirx.op.fma(a, a, tirx.FloatImm("float32", -16785408.0)), "float32", (4097.0,), 1.0),
    (tirx.fmod, "float32", (-7.5, 2.0), -1.5),
    (tirx.nextafter, "float32", (1.0, 2.0), 1.0 + 2.0**-23),
    (lambda a: tirx.Cast("int32", tirx.isnan(a)), "float32", (NAN,), 1),
    (lambda a: tirx.Cast("int32", tirx.isfinite(a)), "float32", (INF,), 0),
    (lambda a: tirx.Add(a, tirx.infinity("float32")), "float32", (1.0,), INF),
    (lambda a: tirx.call_pure_extern("float32", "erff", a), "float32", (0.0,), 0.0),
]


@pytest.mark.parametrize(("make", "dtype", "operands", "expected"), INTRINSICS)
def test_intrinsics(make: Make, dtype: str, operands: tuple[float, ...], expected: float) -> None:
    result = evaluate(make, dtype, *operands)
    assert result == expected
    assert np.signbit(result) == np.signbit(expected)


def test_leading_zeros_of_zero_are_undefined() -> None:
    with pytest.raises(Undefined, match="leading zeros of zero"):
        evaluate(lambda a: leading_zeros(a, True), "int32", 0)
