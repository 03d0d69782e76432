"""What mutators have in common: one node, or one statement, of a function becomes another, and is guarded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensorsmith.mutators.tir.repair import repair
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import Site
from tensorsmith.targets.tvm.tree import Path, Role

VALUES = (Role.VALUE, Role.INDEX, Role.CONDITION, Role.BOUND)


def with_node(function: TirFunction, path: Path, node: Any) -> TirFunction | None:
    """The function with another node at a path, and guards where that may do something undefined."""
    return repair(function.with_body(tree.replace_in(function.func.body, path, node)), function)


def with_statements(function: TirFunction, path: Path, statements: Sequence[Any]) -> TirFunction | None:
    """The function with some statements, or none, instead of the one at a path.

    What they define is in reach of the statements that follow. None where the last statement would go.
    """
    parent = tree.node_at(function.func.body, path[:-1]) if path else None
    if parent is not None and tree.kind_of(parent) == "SeqStmt":
        every = list(parent.seq)
        every[path[-1] : path[-1] + 1] = statements
        return with_node(function, path[:-1], tree.rebuild(parent, every)) if every else None
    if not statements:
        return None
    made = statements[0] if len(statements) == 1 else adapter.tvm().tirx.SeqStmt(list(statements))
    return with_node(function, path, made)


def is_value(site: Site, dtypes: Sequence[str]) -> bool:
    """Whether a site is a scalar expression of one of some dtypes that may take other values."""
    return not tree.is_statement(site.node) and site.role in VALUES and adapter.dtype_of(site.node) in dtypes


def defines(node: Any) -> bool:
    """Whether later statements may use what a statement defines."""
    return tree.kind_of(node) in ("Bind", "AllocBuffer", "DeclBuffer")
