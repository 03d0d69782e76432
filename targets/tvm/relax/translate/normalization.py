"""Softmax, and normalization by mean and variance."""

from __future__ import annotations

import math
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
from tensorsmith.targets.tvm.relax.translate.reductions import variance


def _softmax(name: str) -> Translation:
    def translate(call: Call) -> Any:
        x: Operand = call["self"]
        dtype = wide(call.dtype)
        if not x.shape:
            return constant(1.0 if name == "softmax" else 0.0, call.dtype)
        if 0 in x.shape:
            raise call.unsupported("tensors without elements")
        found = getattr(ops().nn, name)(cast(x, dtype), call["dim"] % len(x.shape))
        return cast_expr(found, dtype, call.dtype)

    return translate


def _scale(operand: Operand | None, value: float, shape: tuple[int, ...], dtype: DType) -> Any:
    return constant(value, dtype, shape) if operand is None else cast(operand, dtype)


def _statistics(call: Call, x: Operand, axes: list[int], eps: float, shape: tuple[int, ...]) -> list[Any]:
    """The mean and the reciprocal of the deviation over axes, in the dtypes of the second and third results."""
    dtype = wide(x.dtype)
    mean = ops().mean(cast(x, dtype), axes, True)
    rstd = ops().rsqrt(ops().add(variance(call, x, axes, True, 0), constant(eps, dtype)))
    return [
        cast_expr(ops().reshape(expr, shape), dtype, type_.dtype)
        for expr, type_ in zip((mean, rstd), call.types[1:], strict=True)
    ]


def _layer_norm(native: bool) -> Translation:
    def translate(call: Call) -> Any:
        x: Operand = call["input"]
        dtype, over = wide(call.dtype), tuple(call["normalized_shape"])
        if 0 in x.shape or dtype != "f32":
            raise call.unsupported("tensors without elements, or of float64")
        axes = list(range(len(x.shape) - len(over), len(x.shape)))
        gamma, beta = _scale(call["weight"], 1, over, dtype), _scale(call["bias"], 0, over, dtype)
        found = ops().nn.layer_norm(cast(x, dtype), gamma, beta, axes, call["eps"])
        found = cast_expr(found, dtype, call.dtype)
        return [found, *_statistics(call, x, axes, call["eps"], call.types[1].shape)] if native else found

    return translate


def _group_norm(native: bool) -> Translation:
    def translate(call: Call) -> Any:
        x: Operand = call["input"]
        dtype, groups = wide(call.dtype), call["group" if native else "num_groups"]
        if 0 in x.shape or dtype != "f32":
            raise call.unsupported("tensors without elements, or of float64")
        if len(x.shape) == 2:
            x = Operand(ops().reshape(x.expr, (*x.shape, 1)), x.dtype, (*x.shape, 1))
        channels = (x.shape[1],)
        gamma, beta = _scale(call["weight"], 1, channels, dtype), _scale(call["bias"], 0, channels, dtype)
        found = ops().nn.group_norm(cast(x, dtype), gamma, beta, groups, 1, list(range(2, len(x.shape))), call["eps"])
        found = cast_expr(ops().reshape(found, call.shape), dtype, call.dtype)
        if not native:
            return found
        shape = (x.shape[0], groups, math.prod(x.shape) // (x.shape[0] * groups))
        grouped = Operand(ops().reshape(x.expr, shape), x.dtype, shape)
        return [found, *_statistics(call, grouped, [2], call["eps"], call.types[1].shape)]

    return translate


def _batch_norm(call: Call) -> list[Any]:
    """With the statistics that are given; what it would save for the backward pass is empty."""
    x: Operand = call["input"]
    dtype, channels = wide(call.dtype), (x.shape[1],)
    if 0 in x.shape:
        raise call.unsupported("tensors without elements")
    both = ops().nn.batch_norm(
        cast(x, dtype),
        _scale(call["weight"], 1, channels, dtype),
        _scale(call["bias"], 0, channels, dtype),
        cast(call["running_mean"], dtype),
        cast(call["running_var"], dtype),
        1,
        call["eps"],
        momentum=call["momentum"],
        training=False,
    )
    return [cast_expr(call.emit(both)[0], dtype, call.dtype), None, None]


NORMALIZATION: Table = {
    "aten.softmax.int": _softmax("softmax"),
    "aten._softmax.default": _softmax("softmax"),
    "aten.special_softmax.default": _softmax("softmax"),
    "aten.log_softmax.int": _softmax("log_softmax"),
    "aten._log_softmax.default": _softmax("log_softmax"),
    "aten.special_log_softmax.default": _softmax("log_softmax"),
    "aten.layer_norm.default": _layer_norm(False),
    "aten.native_layer_norm.default": _layer_norm(True),
    "aten.group_norm.default": _group_norm(False),
    "aten.native_group_norm.default": _group_norm(True),
    "aten._native_batch_norm_legit_no_training.default": _batch_norm,
}
