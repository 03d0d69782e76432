"""Insert a call, and let later calls read its result."""

from __future__ import annotations

import random
from functools import cache

from tensorsmith.generators.backward import insert_backward
from tensorsmith.generators.draft import Draft
from tensorsmith.generators.in_use import own_table, weights_in_use
from tensorsmith.generators.insert import insert_forward
from tensorsmith.generators.random_graphs import Selection, default_selection
from tensorsmith.ir.dtypes import COMMON
from tensorsmith.ir.graph import refs
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.rebuild import Rebuild, available, carry_all, finish, index_storages, start

TRIES = 4
BACKWARD_SHARE = 0.4
REWIRED_SHARE = 0.7


def insert(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with a new call somewhere in it.

    The call reads what is there. Or it makes a value of the type of one that is there, and later calls read it instead.
    """
    nodes = case.graph.nodes
    position = rng.randint(0, len(nodes))
    rebuild = start(case, rng)
    carry_all(rebuild, nodes[:position])
    later = sorted({r for node in nodes[position:] for r in refs(node) if r in rebuild.ids})
    backward = later and rng.random() < BACKWARD_SHARE
    made = _producer(rebuild, later) if backward else _reader(rebuild, later)
    if not made:
        return None
    carry_all(rebuild, nodes[position:])
    return finish(rebuild, case, [rng.choice(made)] if rng.random() < 0.5 else [])


def _reader(rebuild: Rebuild, later: list[int]) -> list[int]:
    """Insert a call that reads what is there; where its result has the type of a value, it may take its place."""
    rng = rebuild.rng
    draft = _draft(rebuild)
    for _ in range(TRIES):
        made = insert_forward(draft, rng, _selection().draw(rng))
        if made is not None:
            break
    else:
        return []
    types = rebuild.builder.types
    for result in made:
        alike = [
            old
            for old in later
            if (types[rebuild.ids[old]].dtype, types[rebuild.ids[old]].shape)
            == (types[result].dtype, types[result].shape)
        ]
        if alike and rng.random() < REWIRED_SHARE:
            rebuild.ids[rng.choice(alike)] = result
    return list(made)


def _producer(rebuild: Rebuild, later: list[int]) -> list[int]:
    """Insert calls that make a value of the type of one that is read later, and let it take its place."""
    old = rebuild.rng.choice(later)
    type_ = rebuild.builder.types[rebuild.ids[old]]
    made = insert_backward(_draft(rebuild), rebuild.rng, type_, _selection(), 1, False)
    if made is None:
        return []
    rebuild.ids[old] = made
    return [made]


@cache
def _selection() -> Selection:
    own = own_table()
    return default_selection() if own is None else Selection(own, weights_in_use({}))


def _draft(rebuild: Rebuild) -> Draft:
    builder = rebuild.builder
    reserved = index_storages(builder)
    alive = [v for v in available(builder) if builder.storage(v) not in reserved and builder.types[v].dtype in COMMON]
    return Draft(builder, rebuild.values, alive, set(), reserved)
