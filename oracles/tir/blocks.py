"""Blocks of TIR to lines of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tensorsmith.oracles.tir import loops, memory, promises
from tensorsmith.oracles.tir.expressions import value_of
from tensorsmith.oracles.tir.frame import Frame
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.targets.tvm import adapter

_REDUCE = 2  # IterVar.CommReduce


def write_block(node: Any, frame: Frame, write: Callable[[Any, Frame], None]) -> None:
    """A block: its variables take their values, and it runs where its predicate holds.

    Raises:
        Unsupported: a region that it names anew is of other dimensions, or a variable of the block reads memory, which
            passes read again wherever the variable is used.
    """
    block, first_of_reduction = node.block, []
    for iterator, value in zip(block.iter_vars, node.iter_values, strict=True):
        if adapter.loads(value):
            raise Unsupported("a variable of a block that reads memory")
        loops.bind(iterator.var, value_of(value, frame), frame)
        if int(iterator.iter_type) == _REDUCE:
            name = frame.variables[adapter.identity(iterator.var)].text
            first_of_reduction.append(f"{name} == {value_of(iterator.dom.min, frame).text}")
    frame.write(f"if {value_of(node.predicate, frame).text}:")
    frame.depth += 1
    for variable in block.alloc_buffers:
        memory.allocate(variable, frame)
    for region in block.match_buffers:
        memory.match(region.buffer, region.source, frame)
    if frame.promising:
        promises.write_watched(node, frame, lambda: _write_inside(block, first_of_reduction, frame, write))
    else:
        _write_inside(block, first_of_reduction, frame, write)
    frame.depth -= 1


def _write_inside(block: Any, first_of_reduction: list[str], frame: Frame, write: Callable[[Any, Frame], None]) -> None:
    if block.init is not None:
        frame.write(f"if {' and '.join(first_of_reduction) or 'True'}:")
        loops.write_body(block.init, frame, write)
    frame.depth -= 1
    loops.write_body(block.body, frame, write)
    frame.depth += 1
