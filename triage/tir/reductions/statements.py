"""Fewer statements: chunks of every sequence, halves first, single ones last."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from tensorsmith.targets.tvm import tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.tree import Path
from tensorsmith.triage.tir.reductions.api import Candidates, sequence


def fewer_statements(function: TirFunction) -> Candidates:
    """Delete runs of statements; what they define may be missed, which the verifier says."""
    position = 0
    while True:
        paths = [path for path, node in tree.walk(function.func.body) if tree.kind_of(node) == "SeqStmt"]
        if position >= len(paths):
            return
        shorter = yield from _within(function, paths[position])
        if tree.kind_of(_at(shorter, paths[position])) == "SeqStmt":
            position += 1
        function = shorter


def _within(function: TirFunction, path: Path) -> Generator[TirFunction, bool, TirFunction]:
    """Delete runs of one sequence, each half as long as those before."""
    size = len(_at(function, path).seq) // 2
    while size and tree.kind_of(_at(function, path)) == "SeqStmt":
        # From the end: what is defined early is often used later.
        end = len(_at(function, path).seq)
        while end > 0 and tree.kind_of(_at(function, path)) == "SeqStmt":
            statements = list(_at(function, path).seq)
            start = max(0, end - size)
            rest = statements[:start] + statements[end:]
            end = start
            if not rest:
                continue
            candidate = function.with_body(tree.replace_in(function.func.body, path, sequence(rest)))
            if (yield candidate):
                function = candidate
        size //= 2
    return function


def _at(function: TirFunction, path: Path) -> Any:
    return tree.node_at(function.func.body, path)
