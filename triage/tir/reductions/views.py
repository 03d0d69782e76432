"""Fewer views: one buffer where one memory is seen as two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.triage.tir.reductions.api import (
    Candidates,
    attempted,
    greedy,
    nothing,
    rewritten,
    sequence,
    with_variables,
)


def fewer_views(function: TirFunction) -> Candidates:
    """Put what a view is of for the view where they are alike; or give what it is of the view's shape and dtype."""
    return greedy(function, _without_one)


def _without_one(function: TirFunction) -> Iterator[TirFunction]:
    for _, node in tree.walk(function.func.body):
        base = adapter.data_of(node.data) if tree.kind_of(node) == "DeclBuffer" else None
        if base is None:
            continue
        body = attempted(_undeclared, function.func.body, node)
        merged = base if _alike(base, node.buffer) else attempted(_like, base, node.buffer)
        if body is not None and merged is not None:
            new = {adapter.identity(one): merged for one in (node.buffer, base)}
            candidate = attempted(with_variables, function.with_body(body), new)
            if candidate is not None:
                yield candidate


def _undeclared(body: Any, declaration: Any) -> Any:
    def change(node: Any) -> Any:
        if tree.kind_of(node) == "SeqStmt":
            return sequence(list(node.seq))
        return nothing() if node.same_as(declaration) else node

    return rewritten(body, change)


def _alike(one: Any, other: Any) -> bool:
    return adapter.element_dtype(one) == adapter.element_dtype(other) and adapter.shape(one) == adapter.shape(other)


def _like(base: Any, view: Any) -> Any:
    sizes = adapter.shape(view)
    if None in sizes:
        raise ValueError(f"the buffer {view.name} is of symbolic shape")
    return adapter.buffer_like(base, str(base.name), adapter.element_dtype(view), [size or 1 for size in sizes])
