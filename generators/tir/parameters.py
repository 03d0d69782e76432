"""What a function's parameters are, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensorsmith.generators.tir.scope import Slot
from tensorsmith.generators.tir.types import is_float
from tensorsmith.ir.tir import DTYPES, TirBuffer
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction

# Integer inputs of operators, so that neither products nor sums of some of them overflow.
INTEGERS: dict[str, tuple[int | None, int | None]] = {
    "int8": (-2, 2),
    "int16": (-8, 8),
    "int32": (-8, 8),
    "int64": (-8, 8),
}


def described(slot: Slot) -> TirBuffer:
    """A buffer with the range of its integers."""
    if is_float(slot.dtype) or slot.dtype == "bool":
        return TirBuffer(slot.name, slot.dtype, slot.shape)
    return TirBuffer(slot.name, slot.dtype, slot.shape, slot.low, slot.high)


def of_function(func: Any, ranges: Sequence[tuple[int, int] | None] = ()) -> TirFunction | None:
    """A function that TVM made, with what its parameters are; None where one is no buffer of known dtype and shape.

    Args:
        func: a PrimFunc; it becomes the entry, its parameters get names of their own where they share one.
        ranges: of the first buffers, the ranges of their integers; else `INTEGERS`.
    """
    buffers: list[TirBuffer] = []
    for position, variable in enumerate(func.params):
        if not adapter.is_buffer(variable) or adapter.element_dtype(variable) not in DTYPES:
            return None
        shape = tuple(size for size in adapter.shape(variable) if size is not None)
        if len(shape) != len(adapter.shape(variable)):
            return None
        dtype = adapter.element_dtype(variable)
        low, high = (ranges[position] if position < len(ranges) else None) or INTEGERS.get(dtype, (None, None))
        buffers.append(TirBuffer(f"P{position}", dtype, shape, low, high))
    return TirFunction(adapter.renamed(func, [buffer.name for buffer in buffers]), tuple(buffers))
