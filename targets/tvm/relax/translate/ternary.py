"""Bounds, choices and sums of products: functions of a tensor and several others or numbers, element by element."""

from __future__ import annotations

from typing import Any

from tensorsmith.ir.dtypes import FLOATS
from tensorsmith.targets.tvm.relax.translate.binary import TENSOR_OR_NUMBER, extremum, narrow, variants
from tensorsmith.targets.tvm.relax.translate.call import (
    Call,
    Operand,
    Table,
    Translation,
    as_dtype,
    cast,
    constant,
    ops,
    wide,
)
from tensorsmith.targets.tvm.relax.translate.unary import keep_nan


def _clamp(call: Call) -> Any:
    x = call.emit(cast(call["self"], call.dtype))
    for bound, name in (("min", "maximum"), ("max", "minimum")):
        value = call.arguments.get(bound)
        if value is None:
            continue
        if isinstance(value, Operand):
            x = call.emit(extremum(name, x, call.emit(cast(value, call.dtype)), call.dtype))
        else:
            found = getattr(ops(), name)(x, constant(value, call.dtype))
            x = call.emit(keep_nan(x, found, call.dtype) if call.dtype in FLOATS else found)
    return x


def _hardtanh(call: Call) -> Any:
    x = call.emit(cast(call["self"], call.dtype))
    low, high = constant(call["min_val"], call.dtype), constant(call["max_val"], call.dtype)
    clipped = ops().minimum(ops().maximum(x, low), high)
    return keep_nan(x, clipped, call.dtype) if call.dtype in FLOATS else clipped


def _relu6(call: Call) -> Any:
    x = call.emit(call["self"].expr)
    return keep_nan(x, ops().nn.relu6(x), call.dtype) if call.dtype in FLOATS else ops().nn.relu6(x)


def _where(call: Call) -> Any:
    return ops().where(
        cast(call["condition"], "bool"), as_dtype(call["self"], call.dtype), as_dtype(call["other"], call.dtype)
    )


def _lerp(call: Call) -> Any:
    dtype = wide(call.dtype)
    start, end = call.emit(as_dtype(call["self"], dtype)), call.emit(as_dtype(call["end"], dtype))
    weight = call.emit(as_dtype(call["weight"], dtype))
    # The two forms that PyTorch chooses between, so that the ends are exact.
    one = constant(1.0, dtype)
    difference = call.emit(ops().subtract(end, start))
    near = ops().add(start, ops().multiply(weight, difference))
    far = ops().subtract(end, ops().multiply(difference, ops().subtract(one, weight)))
    return narrow(call, ops().where(ops().less(ops().abs(weight), constant(0.5, dtype)), near, far))


def _with_product(name: str) -> Translation:
    def translate(call: Call) -> Any:
        dtype = wide(call.dtype)
        if call.dtype == "bool":
            raise call.unsupported("truth values")
        first, second = as_dtype(call["tensor1"], dtype), as_dtype(call["tensor2"], dtype)
        value = constant(call["value"], dtype)
        product = getattr(ops(), name)(ops().multiply(value, first), second)
        return narrow(call, ops().add(as_dtype(call["self"], dtype), product))

    return translate


def _masked_fill(call: Call) -> Any:
    return ops().where(cast(call["mask"], "bool"), as_dtype(call["value"], call.dtype), cast(call["self"], call.dtype))


def _threshold(call: Call) -> Any:
    x = call.emit(call["self"].expr)
    at_most = ops().less_equal(x, constant(call["threshold"], call.dtype))
    return ops().where(at_most, constant(call["value"], call.dtype), x)


TERNARY: Table = {
    **variants("clamp", _clamp, "default", "Tensor"),
    **variants("clamp_min", _clamp, "default", "Tensor"),
    **variants("clamp_max", _clamp, "default", "Tensor"),
    "aten.hardtanh.default": _hardtanh,
    "aten.relu6.default": _relu6,
    **variants("where", _where, "self", "ScalarSelf", "ScalarOther", "Scalar"),
    **variants("lerp", _lerp, *TENSOR_OR_NUMBER),
    "aten.addcmul.default": _with_product("multiply"),
    "aten.addcdiv.default": _with_product("divide"),
    **variants("masked_fill", _masked_fill, *TENSOR_OR_NUMBER),
    "aten.threshold.default": _threshold,
}
