"""What stands inside a statement, in its place: a turn of a loop, a branch, the body of a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import Site
from tensorsmith.triage.tir.reductions.api import Candidates, attempted, everywhere, sequence

TURNS = 4


def hoisted(function: TirFunction) -> Candidates:
    """Put one turn of a loop, one branch of a condition, or what an attribute or a block is about, in its place."""
    return everywhere(function, _inside)


def _inside(site: Site) -> Iterator[Any]:
    find = _INSIDE.get(tree.kind_of(site.node))
    if find is not None:
        yield from find(site.node)
    if tree.kind_of(site.node) == "SeqStmt":
        flat = sequence(list(site.node.seq))
        if tree.kind_of(flat) != "SeqStmt" or len(flat.seq) != len(site.node.seq):
            yield flat


def _turns(loop: Any) -> Iterator[Any]:
    """The body with the loop's variable a constant: in the first turn, the last, and some between."""
    start = loop.min
    values: list[Any] = [start]
    if tree.kind_of(start) == "IntImm" and tree.kind_of(loop.extent) == "IntImm":
        first, last = int(start.value), int(start.value) + int(loop.extent.value) - 1
        between = range(first + 1, last, max(1, (last - first) // TURNS))
        constant = adapter.tvm().tirx.IntImm
        dtype = adapter.dtype_of(loop.loop_var)
        values += [constant(dtype, value) for value in dict.fromkeys((last, *between)) if value > first]
    for value in values:
        yield tree.substitute(loop.body, {adapter.identity(loop.loop_var): value})


def _branches(node: Any) -> Iterator[Any]:
    yield node.then_case
    if node.else_case is not None:
        yield node.else_case
        yield adapter.tvm().tirx.IfThenElse(node.condition, node.then_case, None)


def _body(node: Any) -> Iterator[Any]:
    yield node.body


def _block(node: Any) -> Iterator[Any]:
    """The body of a block, with what the block allocates before it, and with its start of a reduction or without."""
    block = node.block
    values = {adapter.identity(one.var): value for one, value in zip(block.iter_vars, node.iter_values, strict=True)}
    allocations = [adapter.tvm().tirx.AllocBuffer(buffer) for buffer in block.alloc_buffers]
    bodies = [[block.body]] if block.init is None else [[block.init], [block.body], [block.init, block.body]]
    for body in bodies:
        made = attempted(tree.substitute, sequence([*allocations, *body]), values)
        if made is not None:
            yield made


_INSIDE: dict[str, Callable[[Any], Iterator[Any]]] = {
    "For": _turns,
    "IfThenElse": _branches,
    "While": _body,
    "AttrStmt": _body,
    "SBlockRealize": _block,
}
