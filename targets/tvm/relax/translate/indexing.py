"""Elements chosen by index tensors, and written by them."""

from __future__ import annotations

import math
from typing import Any

import torch

from tensorsmith.targets.tvm.relax.translate.call import (
    Call,
    Operand,
    Table,
    Translation,
    as_dtype,
    cast,
    constant,
    ops,
)


def from_end(indices: Operand, size: int) -> Any:
    """Indices in int64, those that count from the end turned into those that count from the start."""
    expr = cast(indices, "i64")
    return ops().where(ops().less(expr, constant(0, "i64")), ops().add(expr, constant(size, "i64")), expr)


def _index_select(call: Call) -> Any:
    x: Operand = call["self"]
    indices: Operand = call["index"]
    if not x.shape:
        return ops().reshape(x.expr, call.shape)
    flat = ops().reshape(cast(indices, "i64"), (math.prod(indices.shape),))
    return ops().take(x.expr, flat, call["dim"] % len(x.shape))


def _embedding(call: Call) -> Any:
    return ops().take(call["weight"].expr, cast(call["indices"], "i64"), 0)


def _take(call: Call) -> Any:
    x: Operand = call["self"]
    count = math.prod(x.shape)
    return ops().take(ops().reshape(x.expr, (count,)), from_end(call["index"], count), 0)


def _at_least_1d(call: Call, name: str) -> Operand:
    x: Operand = call[name]
    return x if x.shape else Operand(ops().reshape(x.expr, (1,)), x.dtype, (1,))


def _gather(call: Call) -> Any:
    x, indices = _at_least_1d(call, "self"), _at_least_1d(call, "index")
    axis = call["dim"] % len(x.shape)
    if not math.prod(indices.shape):
        raise call.unsupported("no indices")
    found = ops().gather_elements(x.expr, cast(indices, "i64"), axis)
    return ops().reshape(found, call.shape) if not call.shape else found


def _scattered(call: Call, updates: Any, reduction: str) -> Any:
    x, indices = _at_least_1d(call, "self"), _at_least_1d(call, "index")
    if not math.prod(indices.shape):
        return call["self"].expr
    axis = call["dim"] % len(x.shape)
    found = ops().scatter_elements(x.expr, cast(indices, "i64"), updates, axis, reduction)
    return ops().reshape(found, call.shape) if not call.shape else found


def _scatter(reduction: str) -> Translation:
    def translate(call: Call) -> Any:
        if call.dtype == "bool" and reduction != "update":
            raise call.unsupported("truth values")
        source, indices = call.arguments.get("src", call.arguments.get("value")), _at_least_1d(call, "index")
        if isinstance(source, Operand):
            source = _at_least_1d(call, "src" if "src" in call.arguments else "value")
            updates = cast(source, call.dtype)
            if source.shape != indices.shape:
                axes = list(range(len(indices.shape)))
                updates = ops().strided_slice(updates, axes, [0] * len(axes), list(indices.shape))
        else:
            updates = ops().broadcast_to(as_dtype(source, call.dtype), indices.shape)
        return _scattered(call, updates, reduction)

    return translate


# What Relax calls them.
_REDUCTIONS = {"sum": "add", "add": "add", "prod": "mul", "multiply": "mul", "amax": "max", "amin": "min"}


def _scatter_reduce(call: Call) -> Any:
    name = _REDUCTIONS.get(call["reduce"])
    if name is None or not call.arguments.get("include_self", True):
        raise call.unsupported(f"reduce={call['reduce']}, include_self={call.arguments.get('include_self', True)}")
    return _scatter(name)(call)


def _positions(call: Call) -> tuple[list[int], list[Any]]:
    """The dimensions that are indexed, and the indices."""
    x: Operand = call["self"]
    given = call["indices"]
    if any(item is not None and item.dtype in ("bool", "u8") for item in given):
        raise call.unsupported("masks as indices")
    dims = [n for n, item in enumerate(given) if item is not None]
    return dims, [from_end(given[n], x.shape[n]) for n in dims]


def _index(call: Call) -> Any:
    x: Operand = call["self"]
    dims, indices = _positions(call)
    if not dims:
        return x.expr
    rank, count = len(x.shape), len(dims)
    others = [n for n in range(rank) if n not in dims]
    moved = ops().permute_dims(x.expr, dims + others) if rank else x.expr
    found = ops().index_tensor(moved, indices)
    new = len(call.shape) - len(others)
    adjacent = dims == list(range(dims[0], dims[0] + count))
    if not adjacent or dims[0] == 0:
        return found
    # PyTorch leaves the new dimensions where the indexed ones were, if these are side by side.
    order = [*range(new, new + dims[0]), *range(new), *range(new + dims[0], len(call.shape))]
    return ops().permute_dims(found, order)


def _index_put(call: Call) -> Any:
    """With an index for every dimension: those that are left out run over all of theirs."""
    x: Operand = call["self"]
    if call["accumulate"] and x.dtype == "bool":
        raise call.unsupported("sums of truth values")
    dims, indices = _positions(call)
    if not dims or dims != list(range(dims[0], dims[0] + len(dims))) or 0 in x.shape:
        raise call.unsupported("indexed dimensions that are not side by side, tensors without elements")
    given = torch.broadcast_shapes(*(item.shape for item in call["indices"] if item is not None))
    before, after = x.shape[: dims[0]], x.shape[dims[0] + len(dims) :]
    shape = (*before, *given, *after)
    count = math.prod(shape)
    if not count:
        return x.expr
    flat: list[Any] = []
    for dim in range(len(x.shape)):
        if dim in dims:
            index = ops().broadcast_to(indices[dim - dims[0]], given)
            index = ops().reshape(index, (*[1] * len(before), *given, *[1] * len(after)))
        else:
            place = dim if dim < dims[0] else dim - len(dims) + len(given)
            index = ops().arange(0, x.shape[dim], 1, "int64")
            index = ops().reshape(index, tuple(x.shape[dim] if n == place else 1 for n in range(len(shape))))
        flat.append(call.emit(ops().reshape(ops().broadcast_to(call.emit(index), shape), (count,))))
    values = ops().reshape(call.emit(ops().broadcast_to(cast(call["values"], x.dtype), shape)), (count,))
    return ops().index_put(x.expr, flat, values, bool(call["accumulate"]))


INDEXING: Table = {
    "aten.index_select.default": _index_select,
    "aten.embedding.default": _embedding,
    "aten.take.default": _take,
    "aten.gather.default": _gather,
    "aten.index.Tensor": _index,
    "aten.index_put.default": _index_put,
    "aten.scatter.src": _scatter("update"),
    "aten.scatter.value": _scatter("update"),
    "aten.scatter_add.default": _scatter("add"),
    "aten.scatter.reduce": _scatter_reduce,
    "aten.scatter.value_reduce": _scatter_reduce,
    "aten.scatter_reduce.two": _scatter_reduce,
}
