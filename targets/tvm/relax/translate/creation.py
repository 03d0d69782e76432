"""Tensors from nothing, copies and casts."""

from __future__ import annotations

from typing import Any

from tensorsmith.ir.dtypes import FLOATS, TORCH_NAMES
from tensorsmith.targets.tvm.relax.translate.call import (
    Call,
    Table,
    Translation,
    as_dtype,
    cast,
    cast_expr,
    constant,
    ops,
)


def _filled(value: float) -> Translation:
    return lambda call: ops().full(call.shape, constant(value, call.dtype), TORCH_NAMES[call.dtype])


def _full(call: Call) -> Any:
    value = call.arguments.get("fill_value", call.arguments.get("value", call.arguments.get("s")))
    return ops().broadcast_to(as_dtype(value, call.dtype), call.shape)


def _arange(call: Call) -> Any:
    start, step = call.arguments.get("start", 0), call.arguments.get("step", 1)
    whole = isinstance(start, int) and isinstance(step, int) and isinstance(call["end"], int)
    if not whole or call.dtype == "bool":
        raise call.unsupported("steps that are no whole numbers")
    # Counted in int64 and then cast, as PyTorch does for halves.
    counted = ops().arange(start, start + step * call.shape[0], step, "int64")
    return cast_expr(counted, "i64", call.dtype)


def _eye(call: Call) -> Any:
    rows, columns = call.shape
    return ops().eye(rows, columns, 0, TORCH_NAMES[call.dtype])


def _cast(call: Call) -> Any:
    x = call["self"] if "self" in call.arguments else call["a"]
    if x.dtype in FLOATS and call.dtype not in FLOATS and call.dtype != "bool":
        # What becomes of a float that does not fit is undefined in both.
        return ops().astype(x.expr, TORCH_NAMES[call.dtype])
    return cast(x, call.dtype)


def _copy(call: Call) -> Any:
    return ops().broadcast_to(cast(call["src"], call.dtype), call.shape)


CREATION: Table = {
    "aten.full.default": _full,
    "aten.full_like.default": _full,
    "aten.new_full.default": _full,
    "aten.scalar_tensor.default": _full,
    "prims.scalar_tensor.default": _full,
    "aten.fill.Scalar": _full,
    "aten.fill.Tensor": _full,
    **{f"aten.{name}.default": _filled(0) for name in ("zeros", "zeros_like", "new_zeros", "zero")},
    # What torch makes of composite operators fills them next.
    **{f"aten.{name}": _filled(0) for name in ("empty.memory_format", "empty_permuted.default", "empty_like.default")},
    **{f"aten.{name}.default": _filled(1) for name in ("ones", "ones_like", "new_ones")},
    "aten.arange.default": _arange,
    "aten.arange.start": _arange,
    "aten.arange.start_step": _arange,
    "aten.eye.default": _eye,
    "aten.eye.m": _eye,
    "aten._to_copy.default": _cast,
    "aten.to.dtype": _cast,
    "aten.to.device": _cast,
    "aten.to.dtype_layout": _cast,
    "aten.to.other": _cast,
    "aten.type_as.default": _cast,
    "prims.convert_element_type.default": _cast,
    "aten.clone.default": _cast,
    "aten.contiguous.default": _cast,
    "aten.alias.default": _cast,
    "aten.detach.default": _cast,
    "aten.lift_fresh_copy.default": _cast,
    "aten.alias_copy.default": _cast,
    "aten.detach_copy.default": _cast,
    "aten.copy.default": _copy,
}
