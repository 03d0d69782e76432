"""Splice two programs: values of one become inputs of the other."""

from __future__ import annotations

import random

import msgspec

from tensorsmith.ir.edit import live_nodes
from tensorsmith.ir.graph import Graph, refs
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.operands import demands
from tensorsmith.mutators.rebuild import Rebuild, carry_all, finish, start, values_of_type

MOST_CALLS = 12  # that are taken from the program that follows


def splice(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case's program followed by a part of the donor's, or a part of it following the donor's.

    Inputs of the part that follows read values of the part before where one has their type; at least one does, if
    need be of another type.
    """
    # The donor may be the test case itself: a program that follows itself.
    donor = msgspec.structs.replace(donor, target=case.target, device=case.device, pipeline=case.pipeline)
    first, second = (case, donor) if rng.random() < 0.5 else (donor, case)
    if not first.graph.nodes or not second.graph.nodes:
        return None
    rebuild = start(first, rng)
    carry_all(rebuild, first.graph.nodes)
    first_ids = dict(rebuild.ids)
    computed = [r for node in rebuild.builder.nodes for r in node.results]

    wanted = rng.choice([r for node in second.graph.nodes for r in node.results])
    live = sorted(live_nodes(second.graph, [wanted]))
    if len(live) > MOST_CALLS:
        return None
    taken = [second.graph.nodes[position] for position in live]
    rebuild.ids.clear()
    rebuild.old_types.clear()
    rebuild.old_types.update(second.graph.types())
    if not _bind(rebuild, second, taken_reads={r for node in taken for r in refs(node)}, computed=computed, rng=rng):
        return None
    carry_all(rebuild, taken)
    made = [rebuild.ids[wanted]]
    rebuild.ids.clear()
    rebuild.ids.update(first_ids)
    return finish(rebuild, msgspec.structs.replace(case, graph=first.graph), made)


def _bind(rebuild: Rebuild, second: TestCase, taken_reads: set[int], computed: list[int], rng: random.Random) -> bool:
    """Define the sources of the program that follows. Says whether a value of the one before is among them."""
    graph = second.graph
    sharers = {item.shares for item in graph.inputs}
    free = [
        item
        for item in graph.inputs
        if item.id in taken_reads and item.shares is None and item.id not in sharers and item.id not in _indices(graph)
    ]
    bound: dict[int, int] = {}
    for item in free:
        alike = [v for v in values_of_type(rebuild.builder, item.type) if v in computed]
        if alike and rng.random() < 0.8:
            bound[item.id] = rng.choice(alike)
    if not bound and free and computed:
        item = rng.choice(free)
        types = rebuild.builder.types
        near = [v for v in computed if types[v].dtype == item.type.dtype]
        near = [v for v in near if len(types[v].shape) == len(item.type.shape)] or near or computed
        bound[item.id] = rng.choice(near)
    for item, values in zip(graph.inputs, second.recipe.inputs, strict=True):
        if item.id in bound:
            rebuild.ids[item.id] = bound[item.id]
        else:
            rebuild.values[rebuild.replay.input(item)] = values
    for constant in graph.constants:
        rebuild.replay.constant(constant)
    return bool(bound)


def _indices(graph: Graph) -> set[int]:
    types = graph.types()
    return {d.value for node in graph.nodes for d in demands(node.op, node.args, node.kwargs, types)}
