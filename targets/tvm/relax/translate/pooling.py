"""Pooling."""

from __future__ import annotations

import math
from typing import Any

from tensorsmith.ir.dtypes import FLOATS
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
from tensorsmith.targets.tvm.relax.translate.convolution import each
from tensorsmith.targets.tvm.relax.translate.reductions import no_nan


def _pooled(call: Call, n: int, name: str, **more: Any) -> Any:
    x: Operand = call["self"]
    if 0 in x.shape or (x.dtype not in FLOATS and not name.startswith("max")):
        raise call.unsupported("means of whole numbers, tensors without elements")
    dtype = wide(x.dtype)
    batched = len(x.shape) == n + 2
    data = cast(x, dtype) if batched else ops().expand_dims(cast(x, dtype), 0)
    if "output_size" in call.arguments:
        found = getattr(ops().nn, name)(data, each(call["output_size"], n))
    else:
        size = each(call["kernel_size"], n)
        strides = each(call["stride"], n) if call["stride"] else size
        padding = each(call["padding"], n) * 2
        found = getattr(ops().nn, name)(data, size, strides, padding, ceil_mode=bool(call["ceil_mode"]), **more)
    found = cast_expr(found, dtype, call.dtype)
    return found if batched else ops().squeeze(found, [0])


def _max_pool(n: int, with_indices: bool) -> Translation:
    def translate(call: Call) -> Any:
        no_nan(call, call["self"])
        found = _pooled(call, n, f"max_pool{n}d", dilation=each(call["dilation"], n))
        return [found, None] if with_indices else found

    return translate


def _average_pool(n: int) -> Translation:
    def translate(call: Call) -> Any:
        divisor = call.arguments.get("divisor_override")
        if divisor is None:
            return _pooled(call, n, f"avg_pool{n}d", count_include_pad=bool(call["count_include_pad"]))
        if call["ceil_mode"]:
            raise call.unsupported("divisor_override with windows that are cut off")
        # The mean of whole windows, turned into their sum.
        mean = _pooled(call, n, f"avg_pool{n}d", count_include_pad=True)
        size = math.prod(each(call["kernel_size"], n))
        dtype = wide(call.dtype)
        scaled = ops().multiply(cast_expr(mean, call.dtype, dtype), constant(size / divisor, dtype))
        return cast_expr(scaled, dtype, call.dtype)

    return translate


def _adaptive_average_pool(n: int) -> Translation:
    return lambda call: _pooled(call, n, f"adaptive_avg_pool{n}d")


POOLING: Table = {
    **{f"aten.max_pool{n}d.default": _max_pool(n, False) for n in (1, 2, 3)},
    **{f"aten.max_pool{n}d_with_indices.default": _max_pool(n, True) for n in (1, 2, 3)},
    **{f"aten.avg_pool{n}d.default": _average_pool(n) for n in (1, 2, 3)},
    **{f"aten.adaptive_avg_pool{n}d.default": _adaptive_average_pool(n) for n in (1, 2, 3)},
    **{f"aten._adaptive_avg_pool{n}d.default": _adaptive_average_pool(n) for n in (2, 3)},
}
