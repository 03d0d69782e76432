"""Sorting and the largest elements."""

from __future__ import annotations

from typing import Any

from tensorsmith.targets.tvm.relax.translate.call import Call, Operand, Table, cast, cast_expr, constant, ops
from tensorsmith.targets.tvm.relax.translate.reductions import no_nan


def _ordered(call: Call) -> tuple[Operand, int]:
    x: Operand = call["self"]
    no_nan(call, x)
    if x.dtype == "bool":
        x = Operand(cast(x, "i32"), "i32", x.shape)
    return x, call["dim"] % max(len(x.shape), 1)


def _sort(call: Call) -> list[Any]:
    x, axis = _ordered(call)
    if not x.shape:
        return [call["self"].expr, constant(0, "i64")]
    indices = call.emit(ops().argsort(x.expr, axis, bool(call["descending"]), "int64"))
    return [cast_expr(ops().sort(x.expr, axis, bool(call["descending"])), x.dtype, call.dtype), indices]


def _argsort(call: Call) -> Any:
    x, axis = _ordered(call)
    return ops().argsort(x.expr, axis, bool(call["descending"]), "int64") if x.shape else constant(0, "i64")


def _topk(call: Call) -> list[Any]:
    x, axis = _ordered(call)
    if not x.shape or call["k"] == 0:
        raise call.unsupported("no dimension to take from, or nothing to take")
    both = call.emit(ops().topk(x.expr, call["k"], axis, "both", bool(call["largest"]), "int64"))
    return [cast_expr(both[0], x.dtype, call.dtype), both[1]]


ORDERING: Table = {
    "aten.sort.default": _sort,
    "aten.sort.stable": _sort,
    "aten.argsort.default": _argsort,
    "aten.argsort.stable": _argsort,
    "aten.topk.default": _topk,
}
