"""The choice of a place to change: down the tree, to each child as often as there are nodes below it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tensorsmith.mutators.tir.facts import Facts
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.sites import Site
from tensorsmith.targets.tvm.tree import Role


def site(facts: Facts, rng: Random, fits: Callable[[Site], bool]) -> Site | None:
    """A place that fits, every one as likely: which is what a walk down by the sizes of subtrees comes to."""
    fitting = [one for one in facts.sites if one.role is not Role.HANDLE and fits(one)]
    while fitting:
        chosen = fitting.pop(rng.randrange(len(fitting)))
        if not keeps_a_loop_going(chosen, facts):
            return chosen
    return None


def statement(facts: Facts, rng: Random, kinds: frozenset[str] | None = None) -> Site | None:
    """A statement of some kinds, or of any but a block, which stands in its SBlockRealize."""
    return site(facts, rng, lambda one: is_statement(one) and (kinds is None or tree.kind_of(one.node) in kinds))


def is_statement(one: Site) -> bool:
    """Whether a site is a statement that another can stand for."""
    return tree.is_statement(one.node) and tree.kind_of(one.node) not in ("SBlock", "Break", "Continue", "Return")


def is_root(one: Site) -> bool:
    """Whether a site is the outermost block, which schedules want to stay there."""
    return tree.kind_of(one.node) == "SBlockRealize" and not one.path


def keeps_a_loop_going(one: Site, facts: Facts) -> bool:
    """Whether a site has to do with when a While ends."""
    if any(one.path[: len(path)] == path for path in facts.counts):
        return True
    return one.place.in_while and bool(facts.counters) and touches(one.node, facts.counters)


def touches(node: Any, buffers: frozenset[int]) -> bool:
    """Whether a tree loads from or stores to one of some buffers."""
    return not buffers.isdisjoint(adapter.variables(node))
