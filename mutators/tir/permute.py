"""Let operands, indices, branches or neighboring statements change places."""

from __future__ import annotations

from random import Random
from typing import Any

from tensorsmith.mutators.tir import choose
from tensorsmith.mutators.tir.change import VALUES, defines, with_node
from tensorsmith.mutators.tir.facts import facts, is_inexact
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import Site
from tensorsmith.targets.tvm.tree import Child, Role


def permute(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
    """The function where two children of a node, of one dtype, have changed places."""
    del donor
    known = facts(function)
    site = choose.site(
        known, rng, lambda one: _may(one) and len(_pairs(one.node)) > 0 and not is_inexact(one.node, known.inexact)
    )
    if site is None:
        return None
    below = [child.node for child in tree.children(site.node)]
    first, second = rng.choice(_pairs(site.node))
    below[first], below[second] = below[second], below[first]
    return with_node(function, site.path, tree.rebuild(site.node, below))


def _may(site: Site) -> bool:
    kind = tree.kind_of(site.node)
    return kind not in ("Let", "For", "SBlock", "SBlockRealize", "AttrStmt", "AllocBuffer") and (
        site.role in VALUES or site.role is Role.STATEMENT
    )


def _pairs(node: Any) -> list[tuple[int, int]]:
    below = tree.children(node)
    if tree.kind_of(node) == "SeqStmt":
        return [
            (at, at + 1)
            for at in range(len(below) - 1)
            if not defines(below[at].node) and not defines(below[at + 1].node)
        ]
    return [(a, b) for a in range(len(below)) for b in range(a + 1, len(below)) if _alike(below[a], below[b])]


def _alike(a: Child, b: Child) -> bool:
    if a.role is Role.HANDLE or a.role is not b.role:
        return False
    if a.role is Role.STATEMENT:
        return True
    return adapter.dtype_of(a.node) == adapter.dtype_of(b.node) and not a.node.same_as(b.node)
