"""Other views of the same elements: in Relax they are values like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from tensorsmith.targets.tvm.relax.translate.call import Call, Operand, Table, Translation, ops


def sliced(expr: Any, axis: int, start: int, stop: int, step: int = 1) -> Any:
    """The elements start, start + step, ... below stop along an axis; all within its size."""
    return ops().strided_slice(expr, [axis], [start], [stop], [step], assume_inbound=True)


def _reshape(call: Call) -> Any:
    return ops().reshape(call["self"].expr, call.shape)


def _permuted(call: Call, order: Sequence[int]) -> Any:
    rank = len(call["self"].shape)
    # Relax takes an empty list for no list.
    return ops().permute_dims(call["self"].expr, [axis % rank for axis in order]) if rank else call["self"].expr


def _permute(call: Call) -> Any:
    return _permuted(call, call["dims"])


def _transpose(call: Call) -> Any:
    rank = len(call["self"].shape)
    order = list(range(rank))
    if rank:
        first, second = call["dim0"] % rank, call["dim1"] % rank
        order[first], order[second] = second, first
    return _permuted(call, order)


def _t(call: Call) -> Any:
    return _permuted(call, list(range(len(call["self"].shape)))[::-1])


def _squeeze(call: Call) -> Any:
    x: Operand = call["self"]
    dims = call.arguments.get("dim", list(range(len(x.shape))))
    listed = dims if isinstance(dims, list) else [dims]
    axes = sorted({dim % len(x.shape) for dim in listed if x.shape and x.shape[dim] == 1})
    return ops().squeeze(x.expr, axes) if axes else x.expr


def _unsqueeze(call: Call) -> Any:
    return ops().expand_dims(call["self"].expr, call["dim"] % (len(call["self"].shape) + 1))


def _expand(call: Call) -> Any:
    return ops().broadcast_to(call["self"].expr, call.shape)


def bounds(size: int, start: int | None, stop: int | None) -> tuple[int, int]:
    """Where a slice begins and ends: counted from the end if negative, and cut to the size."""
    low = 0 if start is None else start + size if start < 0 else start
    high = size if stop is None else stop + size if stop < 0 else stop
    low = min(max(low, 0), size)
    return low, min(max(high, low), size)


def _slice(call: Call) -> Any:
    x: Operand = call["self"]
    axis = call["dim"] % len(x.shape)
    start, stop = bounds(x.shape[axis], call["start"], call["end"])
    return sliced(x.expr, axis, start, stop, call["step"])


def _narrow(call: Call) -> Any:
    x: Operand = call["self"]
    axis = call["dim"] % len(x.shape)
    start = call["start"] + x.shape[axis] if call["start"] < 0 else call["start"]
    return sliced(x.expr, axis, start, start + call["length"])


def _select(call: Call) -> Any:
    x: Operand = call["self"]
    axis = call["dim"] % len(x.shape)
    index = call["index"] % x.shape[axis]
    return ops().squeeze(sliced(x.expr, axis, index, index + 1), [axis])


def _split(call: Call) -> list[Any]:
    """Cut as the results' sizes say, however the operator was told."""
    x: Operand = call["self"]
    axis = call["dim"] % len(x.shape)
    sizes = [type_.shape[axis] for type_ in call.types]
    ends = list(accumulate(sizes))
    if len(ends) == 1:
        return [x.expr]
    if 0 in sizes:
        # Relax splits where indices increase.
        return [sliced(x.expr, axis, end - size, end) for size, end in zip(sizes, ends, strict=True)]
    parts = call.emit(ops().split(x.expr, ends[:-1], axis))
    return [parts[n] for n in range(len(ends))]


def _unbind(call: Call) -> list[Any]:
    x: Operand = call["self"]
    axis = call["dim"] % len(x.shape)
    return [ops().squeeze(sliced(x.expr, axis, n, n + 1), [axis]) for n in range(x.shape[axis])]


def _same_dtype_only(translation: Translation) -> Translation:
    def translate(call: Call) -> Any:
        if call["self"].dtype != call.dtype:
            raise call.unsupported("bits taken for those of another dtype")
        return translation(call)

    return translate


def _diagonal(call: Call) -> Any:
    """The elements of a flat view at equal distances."""
    x: Operand = call["self"]
    rank = len(x.shape)
    first, second = call["dim1"] % rank, call["dim2"] % rank
    order = [axis for axis in range(rank) if axis not in (first, second)] + [first, second]
    rows, columns, length = x.shape[first], x.shape[second], call.shape[-1]
    start = call["offset"] if call["offset"] >= 0 else -call["offset"] * columns
    kept = [x.shape[axis] for axis in order[:-2]]
    moved = call.emit(ops().permute_dims(x.expr, order))
    flat = call.emit(ops().reshape(moved, [*kept, rows * columns]))
    if not length or 0 in kept:
        return ops().reshape(call.emit(sliced(flat, rank - 2, 0, 0)), call.shape)
    return sliced(flat, rank - 2, start, start + (length - 1) * (columns + 1) + 1, columns + 1)


def _swap_axes(call: Call) -> Any:
    return _transpose(replace(call, arguments=call.arguments | {"dim0": call["axis0"], "dim1": call["axis1"]}))


def _copy_of(op: str) -> str:
    namespace, name, overload = op.split(".")
    return f"{namespace}.{name}_copy.{overload}"


_WITH_COPY: Table = {
    "aten.view.default": _reshape,
    "aten.permute.default": _permute,
    "aten.transpose.int": _transpose,
    "aten.t.default": _t,
    "aten.squeeze.default": _squeeze,
    "aten.squeeze.dim": _squeeze,
    "aten.squeeze.dims": _squeeze,
    "aten.unsqueeze.default": _unsqueeze,
    "aten.expand.default": _expand,
    "aten.slice.Tensor": _slice,
    "aten.narrow.default": _narrow,
    "aten.select.int": _select,
    "aten.split.Tensor": _split,
    "aten.split_with_sizes.default": _split,
    "aten.unbind.int": _unbind,
    "aten.diagonal.default": _diagonal,
    "aten.view.dtype": _same_dtype_only(_reshape),
}

VIEWS: Table = {
    **_WITH_COPY,
    # The twins whose results are copies: `view_copy` of `view`.
    **{_copy_of(op): translation for op, translation in _WITH_COPY.items()},
    "aten.reshape.default": _reshape,
    "aten._unsafe_view.default": _reshape,
    "aten.flatten.using_ints": _reshape,
    "aten.unflatten.int": _reshape,
    "aten.view_as.default": _reshape,
    "aten.reshape_as.default": _reshape,
    "aten.ravel.default": _reshape,
    "aten.broadcast_to.default": _expand,
    "aten.expand_as.default": _expand,
    "aten.swapaxes.default": _swap_axes,
    "aten.swapdims.default": _transpose,
    "aten.numpy_T.default": _t,
    "aten.split.sizes": _split,
    "aten.chunk.default": _split,
    "aten.tensor_split.sections": _split,
    "aten.tensor_split.indices": _split,
}
