"""Joining, repeating, turning and padding."""

from __future__ import annotations

import math
from typing import Any

from tensorsmith.targets.tvm.relax.translate.call import Call, Operand, Table, cast, cast_expr, constant, ops
from tensorsmith.targets.tvm.relax.translate.views import bounds, sliced


def _cat(call: Call) -> Any:
    # Empty tensors of one dimension join with anything.
    rank = len(call.shape)
    parts = [x for x in call["tensors"] if len(x.shape) == rank and (x.shape != (0,) or rank == 1)]
    return ops().concat([cast(x, call.dtype) for x in parts], call["dim"] % rank)


def _stack(call: Call) -> Any:
    return ops().stack([cast(x, call.dtype) for x in call["tensors"]], call["dim"] % len(call.shape))


def _flip(call: Call) -> Any:
    x: Operand = call["self"]
    expr = x.expr
    for dim in call["dims"]:
        expr = ops().flip(expr, dim % len(x.shape))
    return expr


def _repeat(call: Call) -> Any:
    return ops().tile(call["self"].expr, call["repeats"] if "repeats" in call.arguments else call["dims"])


def _repeat_interleave(call: Call) -> Any:
    x: Operand = call["self"]
    if call["dim"] is None:
        return ops().repeat(ops().reshape(x.expr, (math.prod(x.shape),)), call["repeats"], 0)
    return ops().repeat(x.expr, call["repeats"], call["dim"] % max(len(x.shape), 1))


def _roll(call: Call) -> Any:
    x: Operand = call["self"]
    flat = not call["dims"]
    if 0 in x.shape:
        return x.expr
    expr = call.emit(ops().reshape(x.expr, (math.prod(x.shape),))) if flat else x.expr
    shape = (math.prod(x.shape),) if flat else x.shape
    for shift, dim in zip(call["shifts"], call["dims"] or [0], strict=True):
        if not shape or not shape[dim]:
            continue
        axis = dim % len(shape)
        start = (-shift) % shape[axis]
        if start:
            head, tail = sliced(expr, axis, 0, start), sliced(expr, axis, start, shape[axis])
            expr = call.emit(ops().concat([tail, head], axis))
    return ops().reshape(expr, x.shape) if flat else expr


def _triangle(name: str) -> Any:
    return lambda call: getattr(ops(), name)(call["self"].expr, call["diagonal"])


def padded(call: Call, x: Operand, pad: list[int], mode: str, value: float) -> Any:
    """A tensor with borders: `pad` has the widths before and after, the last dimension first."""
    rank = len(x.shape)
    widths = [[0, 0] for _ in range(rank)]
    for n in range(len(pad) // 2):
        widths[rank - 1 - n] = pad[2 * n : 2 * n + 2]
    expr, shape = x.expr, list(x.shape)
    if mode != "constant" and min(pad) < 0:
        raise call.unsupported("negative widths")
    for axis, (before, after) in enumerate(widths):
        if before < 0 or after < 0:
            # Negative widths cut off.
            low, high = max(-before, 0), shape[axis] - max(-after, 0)
            expr = call.emit(sliced(expr, axis, low, high))
            shape[axis] = high - low
    flat = [max(width, 0) for pair in widths for width in pair]
    if not any(flat):
        return expr
    return ops().nn.pad(expr, flat, mode, value)


def _constant_pad(call: Call) -> Any:
    x: Operand = call["self"]
    value = call["value"] if call["value"] is not None else 0
    if x.dtype == "bool":
        # Relax pads no truth values.
        numbers = Operand(cast(x, "u8"), "u8", x.shape)
        return cast_expr(padded(call, numbers, call["pad"], "constant", int(bool(value))), "u8", "bool")
    return padded(call, x, call["pad"], "constant", value)


def _reflection_pad(call: Call) -> Any:
    return padded(call, call["self"], call["padding"], "reflect", 0)


def _replication_pad(call: Call) -> Any:
    return padded(call, call["self"], call["padding"], "replicate", 0)


def _pixel_shuffle(call: Call) -> Any:
    return ops().nn.pixel_shuffle(call["self"].expr, call["upscale_factor"])


def _slice_scatter(call: Call) -> Any:
    x: Operand = call["self"]
    axis = call["dim"] % len(x.shape)
    start, stop = bounds(x.shape[axis], call["start"], call["end"])
    if start == stop:
        return x.expr
    return ops().slice_scatter(x.expr, cast(call["src"], x.dtype), start, stop, call["step"], axis)


def _select_scatter(call: Call) -> Any:
    x: Operand = call["self"]
    axis = call["dim"] % len(x.shape)
    index = call["index"] % x.shape[axis]
    source = ops().expand_dims(cast(call["src"], x.dtype), axis)
    parts = [sliced(x.expr, axis, 0, index), source, sliced(x.expr, axis, index + 1, x.shape[axis])]
    present = [part for part, size in zip(parts, (index, 1, x.shape[axis] - index - 1), strict=True) if size]
    return ops().concat(present, axis) if len(present) > 1 else source


def _one_hot(call: Call) -> Any:
    classes = call.shape[-1]
    on, off = _prime(1), _prime(0)
    return ops().one_hot(call["self"].expr, on, off, classes, -1)


def _prime(value: int) -> Any:
    from tvm import relax

    return relax.prim_value(value) if hasattr(relax, "prim_value") else constant(value, "i64")


SHAPES: Table = {
    **{f"aten.{name}.default": _cat for name in ("cat", "concat", "concatenate")},
    "aten.stack.default": _stack,
    "aten.flip.default": _flip,
    "aten.repeat.default": _repeat,
    "aten.tile.default": _repeat,
    "aten.repeat_interleave.self_int": _repeat_interleave,
    "aten.roll.default": _roll,
    "aten.tril.default": _triangle("tril"),
    "aten.triu.default": _triangle("triu"),
    "aten.constant_pad_nd.default": _constant_pad,
    **{f"aten.reflection_pad{n}d.default": _reflection_pad for n in (1, 2, 3)},
    **{f"aten.replication_pad{n}d.default": _replication_pad for n in (1, 2, 3)},
    "aten.pixel_shuffle.default": _pixel_shuffle,
    "aten.slice_scatter.default": _slice_scatter,
    "aten.select_scatter.default": _select_scatter,
    "aten.one_hot.default": _one_hot,
}
