"""Blocks, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tensorsmith.targets.tvm import adapter


def block(
    name: str,
    iterators: Sequence[Any],
    body: Any,
    init: Any = None,
    buffers: Sequence[Any] = (),
    match_buffers: Sequence[Any] = (),
    annotations: Mapping[str, Any] | None = None,
) -> Any:
    """A block, whose read and written regions are those that TVM finds in it; of a root block none.

    Args:
        name: `root` for the outermost one.
        iterators: its variables (IterVar).
        body: its statement.
        init: what a reduction starts with, or None.
        buffers: what it allocates.
        match_buffers: its views of other buffers.
        annotations: as TVM takes them.
    """
    s_tir = adapter.tvm().root.s_tir
    kept = (name, body, init, list(buffers), list(match_buffers), dict(annotations or {}))
    bare = s_tir.SBlock(list(iterators), [], [], *kept)
    if name == "root":
        return bare
    inside = {adapter.identity(variable) for variable in (*buffers, *_allocated(bare))}
    used = [one for number, one in adapter.variables(bare).items() if adapter.is_buffer(one) and number not in inside]
    try:
        reads, writes = adapter.tvm().analysis.get_sblock_read_write_region(
            bare, {variable: variable for variable in used}
        )
    except RuntimeError:  # it folds expressions, which fails on some with unsigned integers
        reads = writes = [_all_of(variable) for variable in used]
    return s_tir.SBlock(list(iterators), reads, writes, *kept)


def _allocated(body: Any) -> list[Any]:
    found: list[Any] = []

    def see(statement: Any) -> None:
        found.append(statement.buffer)

    adapter.ffi().structural_walk(body, [(adapter.tvm().tirx.AllocBuffer, see)])
    return found


def _all_of(variable: Any) -> Any:
    span = adapter.tvm().root.ir.Range
    return adapter.tvm().tirx.BufferRegion(variable, [span(0, size) for size in variable.ty.shape])


def realize(values: Sequence[Any], predicate: Any, inner: Any) -> Any:
    """A block where it stands: the values of its variables, and whether it runs."""
    return adapter.tvm().root.s_tir.SBlockRealize(list(values), predicate, inner)


def iterator(variable: Any, size: int, reduces: bool = False, low: int = 0) -> Any:
    """A variable of a block, which goes over [low, low + size), in any order unless it `reduces`."""
    span = adapter.tvm().root.ir.Range.from_min_extent(low, size)
    return adapter.tvm().tirx.IterVar(span, variable, 2 if reduces else 0)
