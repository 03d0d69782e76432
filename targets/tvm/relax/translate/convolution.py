"""Convolutions and transposed convolutions of one to three dimensions."""

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


def each(values: Any, n: int) -> list[int]:
    """A setting for each of n dimensions: one number stands for all."""
    listed = list(values) if isinstance(values, list) else [values]
    return listed * n if len(listed) == 1 else listed


def _padding(call: Call, n: int, weight: Operand, dilation: list[int]) -> list[int]:
    """Widths before each dimension, then after each."""
    given = call["padding"]
    if given == "valid":
        return [0] * (2 * n)
    if given == "same":
        total = [d * (size - 1) for d, size in zip(dilation, weight.shape[2:], strict=True)]
        return [t // 2 for t in total] + [t - t // 2 for t in total]
    return each(given, n) * 2


def _convolution(transposed: bool | None) -> Translation:
    """`transposed` is None where an argument says it."""

    def translate(call: Call) -> Any:
        x: Operand = call["input"]
        weight: Operand = call["weight"]
        bias: Operand | None = call["bias"]
        n = len(weight.shape) - 2
        dtype = wide(call.dtype)
        if not 1 <= n <= 3 or 0 in (*x.shape, *weight.shape) or call.dtype == "bool":
            raise call.unsupported("truth values, tensors without elements, more than three dimensions")
        batched = len(x.shape) == n + 2
        data = cast(x, dtype) if batched else ops().expand_dims(cast(x, dtype), 0)
        if weight.dtype in FLOATS:
            # Products with the zeros that are put in between and around may or may not be computed.
            finite = ops().isfinite(cast(weight, dtype))
            infinite = ops().less(ops().sum(ops().astype(finite, "int32")), constant(math.prod(weight.shape), "i32"))
            call.forbid(infinite, "weights that are not finite")
        dilation = each(call["dilation"], n)
        settings = {
            "strides": each(call["stride"], n),
            "padding": _padding(call, n, weight, dilation),
            "dilation": dilation,
            "groups": call["groups"],
        }
        if transposed if transposed is not None else call["transposed"]:
            more = each(call["output_padding"], n)
            if any(padding >= stride for padding, stride in zip(more, settings["strides"], strict=True)):
                raise call.unsupported("an output_padding of a stride or more")
            settings["output_padding"] = more
            found = getattr(ops().nn, f"conv{n}d_transpose")(data, cast(weight, dtype), **settings)
        else:
            found = getattr(ops().nn, f"conv{n}d")(data, cast(weight, dtype), **settings)
        if bias is not None:
            found = ops().add(found, ops().reshape(cast(bias, dtype), (1, bias.shape[0], *[1] * n)))
        found = cast_expr(found, dtype, call.dtype)
        return found if batched else ops().squeeze(found, [0])

    return translate


CONVOLUTION: Table = {
    "aten.convolution.default": _convolution(None),
    **{f"aten.conv{n}d.{overload}": _convolution(False) for n in (1, 2, 3) for overload in ("default", "padding")},
    "aten.conv_transpose1d.default": _convolution(True),
    "aten.conv_transpose2d.input": _convolution(True),
    "aten.conv_transpose3d.input": _convolution(True),
}
