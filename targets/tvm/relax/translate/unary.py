"""Functions of one tensor, element by element."""

from __future__ import annotations

import math
from typing import Any

from tensorsmith.ir.dtypes import FLOATS, DType
from tensorsmith.targets.tvm.relax.translate.call import (
    Call,
    Operand,
    Table,
    Translation,
    cast,
    cast_expr,
    constant,
    is_nan,
    ops,
    wide,
)


def keep_nan(source: Any, result: Any, dtype: DType) -> Any:
    """The result, NaN where its float source is NaN: what PyTorch promises where Relax takes the other operand."""
    return ops().where(is_nan(source, dtype), source, result)


def float_operand(call: Call, name: str = "self") -> Any:
    """The operand of a function of floats in the dtype that it is computed in."""
    return cast(call[name], wide(call.dtype))


def result(call: Call, expr: Any) -> Any:
    """What was computed in the wide dtype, in the dtype of the call's result."""
    return cast_expr(expr, wide(call.dtype), call.dtype)


def number(call: Call, value: float) -> Any:
    """A number in the dtype that a call computes in."""
    return constant(value, wide(call.dtype))


def _by_name(name: str) -> Translation:
    return lambda call: result(call, getattr(ops(), name)(float_operand(call)))


def _nn(name: str) -> Translation:
    return lambda call: result(call, getattr(ops().nn, name)(float_operand(call)))


def _same_dtype(name: str) -> Translation:
    """For what leaves whole numbers as they are and rounds floats."""

    def translate(call: Call) -> Any:
        x: Operand = call["self"]
        return getattr(ops(), name)(cast(x, wide(x.dtype))) if x.dtype in FLOATS else x.expr

    return lambda call: result(call, translate(call)) if call.dtype in FLOATS else translate(call)


def _absolute(call: Call) -> Any:
    x: Operand = call["self"]
    return x.expr if x.dtype in ("bool", "u8") else ops().abs(x.expr)


def _negative(call: Call) -> Any:
    x: Operand = call["self"]
    # Relax multiplies by -1, which an unsigned number cannot be.
    return ops().subtract(constant(0, "u8"), x.expr) if x.dtype == "u8" else ops().negative(x.expr)


def _sign(call: Call) -> Any:
    x: Operand = call["self"]
    if x.dtype == "bool":
        return x.expr
    if x.dtype == "u8":
        return ops().minimum(x.expr, constant(1, "u8"))
    return ops().sign(x.expr)


def _relu(call: Call) -> Any:
    x: Operand = call["self"]
    done = ops().nn.relu(x.expr)
    return keep_nan(x.expr, done, x.dtype) if x.dtype in FLOATS else done


def _square(call: Call) -> Any:
    x: Operand = call["self"]
    return ops().square(x.expr) if x.dtype == call.dtype != "bool" else _product(call, x)


def _product(call: Call, x: Operand) -> Any:
    both = cast(x, call.dtype)
    return ops().multiply(both, both)


def _log_of_base(base: float) -> Translation:
    def translate(call: Call) -> Any:
        return result(call, ops().multiply(ops().log(float_operand(call)), number(call, 1 / math.log(base))))

    return translate


def _exp2(call: Call) -> Any:
    return result(call, ops().power(number(call, 2.0), float_operand(call)))


def _reciprocal(call: Call) -> Any:
    return result(call, ops().divide(number(call, 1.0), float_operand(call)))


def _erfc(call: Call) -> Any:
    return result(call, ops().subtract(number(call, 1.0), ops().erf(float_operand(call))))


def _expm1(call: Call) -> Any:
    """By the identity that does not cancel: 2 sinh(x/2) exp(x/2)."""
    x = call.emit(float_operand(call))
    half = call.emit(ops().multiply(x, number(call, 0.5)))
    near = ops().multiply(ops().multiply(number(call, 2.0), ops().sinh(half)), ops().exp(half))
    far = ops().subtract(ops().exp(x), number(call, 1.0))
    return result(call, ops().where(ops().less(x, number(call, -20.0)), far, near))


def _log1p(call: Call) -> Any:
    """By an identity that does not cancel: asinh(x (x + 2) / (2 (x + 1)))."""
    x = call.emit(float_operand(call))
    one, two = number(call, 1.0), number(call, 2.0)
    more = call.emit(ops().add(x, one))
    near = ops().asinh(ops().divide(ops().multiply(x, ops().add(x, two)), ops().multiply(two, more)))
    near = ops().where(ops().less(x, number(call, -1.0)), number(call, math.nan), near)
    return result(call, ops().where(ops().greater(x, one), ops().log(more), near))


def _scaled(factor: float) -> Translation:
    return lambda call: result(call, ops().multiply(float_operand(call), number(call, factor)))


def _gelu(call: Call) -> Any:
    name = "gelu_tanh" if call["approximate"] == "tanh" else "gelu"
    return result(call, getattr(ops().nn, name)(float_operand(call)))


def _leaky_relu(call: Call) -> Any:
    return result(call, ops().nn.leakyrelu(float_operand(call), float(call["negative_slope"])))


def _softplus(call: Call) -> Any:
    return result(call, ops().nn.softplus(float_operand(call), float(call["beta"]), float(call["threshold"])))


def _elu(call: Call) -> Any:
    x = call.emit(float_operand(call))
    alpha, scale, input_scale = (float(call[name]) for name in ("alpha", "scale", "input_scale"))
    one = number(call, 1.0)
    below = ops().subtract(ops().exp(ops().multiply(x, number(call, input_scale))), one)
    below = ops().multiply(below, number(call, alpha * scale))
    above = ops().multiply(x, number(call, scale))
    return result(call, ops().where(ops().greater(x, number(call, 0.0)), above, below))


def _hard_sigmoid_of(call: Call, x: Any) -> Any:
    shifted = ops().add(x, number(call, 3.0))
    clipped = keep_nan(x, ops().clip(shifted, 0, 6), wide(call.dtype))
    return ops().divide(clipped, number(call, 6.0))


def _hardsigmoid(call: Call) -> Any:
    return result(call, _hard_sigmoid_of(call, call.emit(float_operand(call))))


def _hardswish(call: Call) -> Any:
    x = call.emit(float_operand(call))
    return result(call, ops().multiply(x, _hard_sigmoid_of(call, x)))


def _test(name: str, otherwise: bool) -> Translation:
    """A question about floats, with its answer for whole numbers."""

    def translate(call: Call) -> Any:
        x: Operand = call["self"]
        if x.dtype in FLOATS:
            return getattr(ops(), name)(cast(x, wide(x.dtype)))
        return constant(otherwise, "bool", x.shape)

    return translate


def _infinite_on(side: str) -> Translation:
    def translate(call: Call) -> Any:
        x: Operand = call["self"]
        if x.dtype not in FLOATS:
            return constant(False, "bool", x.shape)
        return ops().equal(x.expr, constant(float(f"{side}inf"), x.dtype))

    return translate


def _logical_not(call: Call) -> Any:
    return ops().logical_not(cast(call["self"], "bool"))


def _same(call: Call) -> Any:
    return cast(call["self"], call.dtype)


def _round_decimals(call: Call) -> Any:
    if call["self"].dtype not in FLOATS or call["decimals"] != 0:
        raise call.unsupported(f"decimals={call['decimals']}")
    return _same_dtype("round")(call)


FLOAT_FUNCTIONS = (
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "log", "sin", "sinh", "tan", "tanh",
    "sqrt", "rsqrt", "sigmoid", "erf",
)  # fmt: skip
ROUNDINGS = ("ceil", "floor", "round", "trunc")

UNARY: Table = {
    **{f"aten.{name}.default": _by_name(name) for name in FLOAT_FUNCTIONS},
    **{f"aten.{name}.default": _same_dtype(name) for name in ROUNDINGS},
    **{f"aten.{name}.default": _nn(name) for name in ("silu", "selu")},
    "aten.special_round.default": _round_decimals,
    "aten.round.decimals": _round_decimals,
    "aten.abs.default": _absolute,
    "aten.neg.default": _negative,
    "aten.sign.default": _sign,
    "aten.sgn.default": _sign,
    "aten.positive.default": _same,
    "aten.relu.default": _relu,
    "aten.square.default": _square,
    "aten.log2.default": _log_of_base(2.0),
    "aten.log10.default": _log_of_base(10.0),
    "aten.exp2.default": _exp2,
    "aten.reciprocal.default": _reciprocal,
    "aten.erfc.default": _erfc,
    "aten.expm1.default": _expm1,
    "aten.log1p.default": _log1p,
    "aten.deg2rad.default": _scaled(math.pi / 180),
    "aten.rad2deg.default": _scaled(180 / math.pi),
    "aten.gelu.default": _gelu,
    "aten.leaky_relu.default": _leaky_relu,
    "aten.softplus.default": _softplus,
    "aten.elu.default": _elu,
    "aten.hardsigmoid.default": _hardsigmoid,
    "aten.hardswish.default": _hardswish,
    "aten.isnan.default": _test("isnan", False),
    "aten.isinf.default": _test("isinf", False),
    "aten.isfinite.default": _test("isfinite", True),
    "aten.isposinf.default": _infinite_on("+"),
    "aten.isneginf.default": _infinite_on("-"),
    "aten.logical_not.default": _logical_not,
    "aten.bitwise_not.default": lambda call: ops().bitwise_not(call["self"].expr),
}
