"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

from tensorsmith.ir.dtypes import DType
from tensorsmith.targets.tvm.relax.translate.call import (
    Call,
    Operand,
    Table,
    Translation,
    cast,
    cast_expr,
    constant,
    ops,
    wide,
)


def _product(call: Call, first: Operand, second: Operand) -> Any:
    """The product in the wide dtype."""
    dtype = wide(call.dtype)
    if dtype == "bool":
        raise call.unsupported("truth values")
    if 0 in (*first.shape, *second.shape):
        raise call.unsupported("tensors without elements")
    return ops().matmul(cast(first, dtype), cast(second, dtype))


def _matmul(first: str, second: str) -> Translation:
    return lambda call: cast_expr(_product(call, call[first], call[second]), wide(call.dtype), call.dtype)


def _scaled(expr: Any, factor: float, dtype: DType) -> Any:
    return expr if factor == 1 else ops().multiply(expr, constant(factor, dtype))


def _added(first: str, second: str) -> Translation:
    """`beta * self + alpha * (first @ second)`; with a beta of 0, `self` is not looked at."""

    def translate(call: Call) -> Any:
        dtype = wide(call.dtype)
        product = _scaled(_product(call, call[first], call[second]), call["alpha"], dtype)
        if call["beta"] == 0:
            return cast_expr(product, dtype, call.dtype)
        total = ops().add(_scaled(cast(call["self"], dtype), call["beta"], dtype), product)
        return cast_expr(total, dtype, call.dtype)

    return translate


def _linear(call: Call) -> Any:
    dtype = wide(call.dtype)
    x, weight, bias = call["input"], call["weight"], call["bias"]
    if dtype == "bool" or 0 in (*x.shape, *weight.shape) or len(weight.shape) != 2:
        raise call.unsupported("truth values, tensors without elements or weights that are no matrix")
    found = ops().linear(cast(x, dtype), cast(weight, dtype), None if bias is None else cast(bias, dtype))
    return cast_expr(found, dtype, call.dtype)


def _outer(call: Call) -> Any:
    dtype = wide(call.dtype)
    if dtype == "bool":
        raise call.unsupported("truth values")
    found = ops().outer(cast(call["self"], dtype), cast(call["vec2"], dtype))
    return cast_expr(found, dtype, call.dtype)


LINEAR: Table = {
    "aten.mm.default": _matmul("self", "mat2"),
    "aten.bmm.default": _matmul("self", "mat2"),
    "aten.mv.default": _matmul("self", "vec"),
    "aten.dot.default": _matmul("self", "tensor"),
    "aten.vdot.default": _matmul("self", "other"),
    "aten.matmul.default": _matmul("self", "other"),
    "aten.linalg_matmul.default": _matmul("self", "other"),
    "aten.addmm.default": _added("mat1", "mat2"),
    "aten.addmv.default": _added("mat", "vec"),
    "aten.baddbmm.default": _added("batch1", "batch2"),
    "aten.linear.default": _linear,
    "aten.outer.default": _outer,
    "aten.ger.default": _outer,
}
