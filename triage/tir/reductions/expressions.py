"""Smaller expressions: a constant, a variable, a plain load, or an operand, in place of an expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import Site
from tensorsmith.targets.tvm.tree import Role
from tensorsmith.triage.tir.reductions.api import Candidates, everywhere
from tensorsmith.triage.tir.reductions.constant import constant

_CONSTANTS = ("IntImm", "FloatImm")


def smaller_expressions(function: TirFunction) -> Candidates:
    """Replace expressions by smaller ones of the same dtype."""
    return everywhere(function, _smaller)


def _smaller(site: Site) -> Iterator[Any]:
    node = site.node
    kind = tree.kind_of(node)
    if tree.is_statement(node) or site.role is Role.HANDLE or kind in _CONSTANTS or not adapter.is_number(node):
        return
    dtype = adapter.dtype_of(node)
    if kind != "Broadcast" or tree.kind_of(node.value) not in _CONSTANTS:
        yield constant(dtype, 0)
        yield constant(dtype, 1)
    if kind == "Var":
        return
    for variable in reversed(site.place.variables):
        if adapter.is_number(variable) and adapter.dtype_of(variable) == dtype:
            yield variable
    if tree.size(node) > 2:
        yield from _loads(site, dtype)
    yield from operands(node, dtype)


def _loads(site: Site, dtype: str) -> Iterator[Any]:
    """The first element of each buffer of the dtype."""
    for buffer in site.place.buffers:
        if adapter.element_dtype(buffer) == dtype:
            zeros = [constant("int32", 0) for _ in buffer.ty.shape]
            first = adapter.load(buffer, zeros)
            if tree.size(first) < tree.size(site.node):
                yield first


def operands(node: Any, dtype: str) -> Iterator[Any]:
    """The nodes of a dtype that are nearest below a node."""
    for child in tree.children(node):
        if child.role is Role.HANDLE or not adapter.is_number(child.node):
            continue
        if adapter.dtype_of(child.node) == dtype:
            yield child.node
        else:
            yield from operands(child.node, dtype)
