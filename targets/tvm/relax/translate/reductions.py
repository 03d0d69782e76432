"""Sums, extrema, means, and running sums."""

from __future__ import annotations

import math
from typing import Any

from tensorsmith.ir.dtypes import FLOATS, TORCH_NAMES, DType
from tensorsmith.targets.tvm.relax.translate.call import (
    Call,
    Operand,
    Table,
    Translation,
    accumulator,
    cast,
    cast_expr,
    constant,
    dims_of,
    is_nan,
    ops,
    wide,
)


def _axes(call: Call) -> tuple[list[int], bool]:
    x: Operand = call["self"]
    return dims_of(call.arguments.get("dim"), len(x.shape)), bool(call.arguments.get("keepdim", False))


def _count(x: Operand, axes: list[int]) -> int:
    return int(math.prod(x.shape[axis] for axis in axes))


def reduced(name: str, expr: Any, axes: list[int], keepdim: bool) -> Any:
    """A reduction over axes; over none, the expression itself: Relax would reduce over all."""
    return getattr(ops(), name)(expr, axes, keepdim) if axes else expr


def _sum_like(name: str) -> Translation:
    def translate(call: Call) -> Any:
        axes, keepdim = _axes(call)
        dtype = accumulator(call.dtype)
        # Operands are brought into the result's dtype before they are summed.
        operand = cast_expr(cast(call["self"], call.dtype), call.dtype, dtype)
        return cast_expr(reduced(name, operand, axes, keepdim), dtype, call.dtype)

    return translate


def _extreme(name: str) -> Translation:
    def translate(call: Call) -> Any:
        axes, keepdim = _axes(call)
        x: Operand = call["self"]
        return extreme_over(call, name, x, axes, keepdim)

    return translate


def extreme_over(call: Call, name: str, x: Operand, axes: list[int], keepdim: bool) -> Any:
    """The largest or smallest element over axes; NaN where one is."""
    if x.dtype == "bool":
        return cast_expr(reduced(name, cast(x, "u8"), axes, keepdim), "u8", "bool")
    expr = call.emit(x.expr)
    found = reduced(name, expr, axes, keepdim)
    if x.dtype not in FLOATS or not axes:
        return found
    nans = reduced("max", ops().astype(is_nan(expr, x.dtype), "int8"), axes, keepdim)
    return ops().where(ops().greater(nans, constant(0, "i8")), constant(math.nan, x.dtype), found)


def _aminmax(call: Call) -> list[Any]:
    axes, keepdim = _axes(call)
    return [extreme_over(call, name, call["self"], axes, keepdim) for name in ("min", "max")]


def _any_or_all(name: str) -> Translation:
    def translate(call: Call) -> Any:
        axes, keepdim = _axes(call)
        x: Operand = call["self"]
        if call.arguments.get("dim") == [] and "dims" in call.op:
            raise call.unsupported("dim=[]")
        true = reduced("sum", ops().astype(cast(x, "bool"), "int32"), axes, keepdim)
        found = (
            ops().equal(true, constant(_count(x, axes), "i32"))
            if name == "all"
            else ops().greater(true, constant(0, "i32"))
        )
        return cast_expr(found, "bool", call.dtype)

    return translate


def no_nan(call: Call, x: Operand) -> None:
    """Forbid NaN, which PyTorch takes for the greatest and Relax does not order."""
    if x.dtype in FLOATS and 0 not in x.shape:
        nans = ops().sum(ops().astype(is_nan(x.expr, x.dtype), "int32"))
        call.forbid(ops().greater(nans, constant(0, "i32")), "NaN among what is ordered")


def _arg_extreme(name: str) -> Translation:
    def translate(call: Call) -> Any:
        x: Operand = call["self"]
        no_nan(call, x)
        dim, keepdim = call["dim"], bool(call["keepdim"])
        operand = cast(x, "u8") if x.dtype == "bool" else x.expr
        if not x.shape:
            return constant(0, "i64")
        if dim is None:
            found = getattr(ops(), name)(ops().reshape(operand, (math.prod(x.shape),)), 0, False)
            return ops().reshape(found, call.shape)
        return getattr(ops(), name)(operand, dim % len(x.shape), keepdim)

    return translate


def _extreme_with_index(name: str) -> Translation:
    def translate(call: Call) -> list[Any]:
        x: Operand = call["self"]
        if not x.shape:
            return [x.expr, constant(0, "i64")]
        no_nan(call, x)
        axis, keepdim = call["dim"] % len(x.shape), bool(call["keepdim"])
        dtype: DType = "u8" if x.dtype == "bool" else x.dtype
        operand = cast(x, dtype)
        value = cast_expr(getattr(ops(), name)(operand, [axis], keepdim), dtype, x.dtype)
        return [value, getattr(ops(), f"arg{name}")(operand, axis, keepdim)]

    return translate


def _mean(call: Call) -> Any:
    axes, keepdim = _axes(call)
    dtype = wide(call.dtype)
    operand = cast(call["self"], dtype)
    if not axes:
        return cast_expr(operand, dtype, call.dtype)
    if not _count(call["self"], axes):
        return constant(math.nan, call.dtype, call.shape)
    return cast_expr(ops().mean(operand, axes, keepdim), dtype, call.dtype)


def variance(call: Call, x: Operand, axes: list[int], keepdim: bool, correction: float) -> Any:
    """The variance in the wide dtype, with the count reduced by the correction."""
    count, dtype = _count(x, axes), wide(x.dtype)
    if not count or not axes:
        # Of nothing, and of one element, there is none; with the whole count, that of one element is 0.
        shape = tuple(1 if n in axes else size for n, size in enumerate(x.shape) if keepdim or n not in axes)
        return constant(math.nan if not count or correction else 0.0, dtype, shape)
    biased = ops().variance(cast(x, dtype), axes, keepdim)
    left = max(count - correction, 0.0)
    if correction == 0:
        return biased
    return ops().multiply(biased, constant(count / left if left else math.inf, dtype))


def _spread(root: bool, with_mean: bool) -> Translation:
    def translate(call: Call) -> Any:
        x: Operand = call["self"]
        axes, keepdim = _axes(call)
        correction = call.arguments.get("correction", 1 if call.arguments.get("unbiased", True) else 0)
        found = variance(call, x, axes, keepdim, 1 if correction is None else correction)
        found = cast_expr(ops().sqrt(found) if root else found, wide(call.dtype), call.dtype)
        if not with_mean:
            return found
        if not _count(x, axes):
            return [found, constant(math.nan, call.dtype, call.shape)]
        mean = reduced("mean", cast(x, wide(x.dtype)), axes, keepdim)
        return [found, cast_expr(mean, wide(call.dtype), call.dtype)]

    return translate


def _running(name: str) -> Translation:
    def translate(call: Call) -> Any:
        x: Operand = call["self"]
        dtype: DType = wide(call.dtype)
        if not x.shape:
            return cast(x, call.dtype)
        operand = cast_expr(cast(x, call.dtype), call.dtype, dtype)
        found = getattr(ops(), name)(operand, call["dim"] % len(x.shape), TORCH_NAMES[dtype])
        return cast_expr(found, dtype, call.dtype)

    return translate


def _count_nonzero(call: Call) -> Any:
    axes, keepdim = _axes(call)
    return reduced("sum", ops().astype(cast(call["self"], "bool"), "int64"), axes, keepdim)


def _norm(call: Call) -> Any:
    axes, keepdim = _axes(call)
    x: Operand = call["self"]
    order, dtype = call["ord"], wide(call.dtype)
    if not axes or 0 in x.shape:
        raise call.unsupported("tensors without dimensions or elements")
    size = call.emit(ops().abs(cast(x, dtype)))
    if abs(order) == math.inf:
        over = Operand(size, dtype, x.shape)
        return cast_expr(extreme_over(call, "max" if order > 0 else "min", over, axes, keepdim), dtype, call.dtype)
    if order == 0:
        nonzero = ops().astype(ops().not_equal(size, constant(0, dtype)), TORCH_NAMES[dtype])
        return cast_expr(ops().sum(nonzero, axes, keepdim), dtype, call.dtype)
    if order == 1:
        return cast_expr(ops().sum(size, axes, keepdim), dtype, call.dtype)
    if order == 2:
        return cast_expr(ops().sqrt(ops().sum(ops().square(size), axes, keepdim)), dtype, call.dtype)
    total = ops().sum(ops().power(size, constant(order, dtype)), axes, keepdim)
    return cast_expr(ops().power(total, constant(1 / order, dtype)), dtype, call.dtype)


def _each(name: str, translation: Translation, *overloads: str) -> Table:
    return {f"aten.{name}.{overload}": translation for overload in overloads}


REDUCTIONS: Table = {
    **_each("sum", _sum_like("sum"), "default", "dim_IntList"),
    **_each("prod", _sum_like("prod"), "default", "dim_int"),
    **_each("mean", _mean, "default", "dim"),
    **_each("amax", _extreme("max"), "default"),
    **_each("amin", _extreme("min"), "default"),
    **_each("max", _extreme("max"), "default"),
    **_each("min", _extreme("min"), "default"),
    "aten.max.dim": _extreme_with_index("max"),
    "aten.min.dim": _extreme_with_index("min"),
    "aten.aminmax.default": _aminmax,
    **_each("any", _any_or_all("any"), "default", "dim", "dims"),
    **_each("all", _any_or_all("all"), "default", "dim", "dims"),
    "aten.argmax.default": _arg_extreme("argmax"),
    "aten.argmin.default": _arg_extreme("argmin"),
    **_each("var", _spread(False, False), "default", "dim", "correction"),
    **_each("std", _spread(True, False), "default", "dim", "correction"),
    **_each("var_mean", _spread(False, True), "default", "dim", "correction"),
    **_each("std_mean", _spread(True, True), "default", "dim", "correction"),
    "aten.cumsum.default": _running("cumsum"),
    "aten.cumprod.default": _running("cumprod"),
    "aten.linalg_vector_norm.default": _norm,
    **_each("count_nonzero", _count_nonzero, "default", "dim_IntList"),
}
