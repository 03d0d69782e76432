"""Fewer variables: their values in their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import Site
from tensorsmith.triage.tir.reductions.api import Candidates, everywhere, sequence


def inlined(function: TirFunction) -> Candidates:
    """Put the value of a variable, which a statement or an expression binds, wherever the variable stands."""
    return everywhere(function, _without_bindings)


def _without_bindings(site: Site) -> Iterator[Any]:
    node, kind = site.node, tree.kind_of(site.node)
    if kind == "Let":
        yield tree.substitute(node.body, {adapter.identity(node.var): node.value})
    if kind != "SeqStmt":
        return
    statements = list(node.seq)
    for position, statement in enumerate(statements):
        if tree.kind_of(statement) == "Bind" and len(statements) > 1:
            rest = sequence(statements[:position] + statements[position + 1 :])
            yield tree.substitute(rest, {adapter.identity(statement.var): statement.value})
