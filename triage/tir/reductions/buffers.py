"""Fewer buffers: all that is done with one goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tensorsmith.targets.tvm import adapter, blocks, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.triage.tir.reductions.api import Candidates, attempted, greedy, nothing, rewritten, sequence
from tensorsmith.triage.tir.reductions.constant import constant


def fewer_buffers(function: TirFunction) -> Candidates:
    """Drop what allocates, declares or stores to one buffer, and load a constant instead of its elements."""
    return greedy(function, _without_one)


def _without_one(function: TirFunction) -> Iterator[TirFunction]:
    for variable in adapter.variables(function.func.body).values():
        if not adapter.is_buffer(variable):
            continue
        for value in (1, 0):
            body = attempted(_without, function.func.body, variable, value)
            if body is not None:
                yield function.with_body(body)


def _without(body: Any, variable: Any, value: int) -> Any:
    def change(node: Any) -> Any:
        kind = tree.kind_of(node)
        if kind == "TensorLoad" and node.source.same_as(variable):
            return constant(adapter.dtype_of(node), value)
        if kind in ("BufferStore", "AllocBuffer", "DeclBuffer") and node.buffer.same_as(variable):
            return nothing()
        if kind == "SeqStmt":
            return sequence(list(node.seq))
        if kind == "SBlock" and any(one.same_as(variable) for one in node.alloc_buffers):
            return blocks.block(
                node.name_hint,
                list(node.iter_vars),
                node.body,
                node.init,
                [one for one in node.alloc_buffers if not one.same_as(variable)],
                list(node.match_buffers),
                dict(node.annotations),
            )
        return node

    return rewritten(body, change)
