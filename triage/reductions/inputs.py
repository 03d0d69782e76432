"""Fewer inputs: no writes to them that nothing reads, and one input where two of a type would do."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.edit import Replay, prune
from tensorsmith.ir.memory import memory_groups
from tensorsmith.ir.operators import written_arguments
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, finished, with_graph
from tensorsmith.triage.reductions.api import Candidates, greedy


def fewer_inputs(case: TestCase) -> Candidates:
    """Drop writes that only the caller could see, then let one input do the work of two."""
    return greedy(case, _with_fewer)


def without_unread_writes(case: TestCase) -> TestCase:
    """The test case with only what its outputs depend on."""
    graph, kept = prune(case.graph, ())
    return with_graph(case, graph, [case.recipe.inputs[position] for position in kept])


def merged(case: TestCase, kept: int, dropped: int) -> TestCase:
    """The test case with the input `kept` in place of the input `dropped`, both by id.

    Raises:
        GraphError: a call rejects to get the same tensor twice.
    """
    replay = Replay()
    for item in case.graph.inputs:
        if item.id == dropped:
            replay.ids[dropped] = replay.ids[kept]
        else:
            replay.input(item)
    for constant in case.graph.constants:
        replay.constant(constant)
    for node in case.graph.nodes:
        replay.node(node)
    return finished(case, replay, case.graph.outputs)


def _with_fewer(case: TestCase) -> Iterator[TestCase | None]:
    yield built(without_unread_writes, case)
    groups = memory_groups(case.graph)
    written = {groups[r] for node in case.graph.nodes if written_arguments(node.op) for r in node.results}
    plain = [i for i in case.graph.inputs if groups[i.id] not in written and i.shares is None]
    sharers = {i.shares for i in case.graph.inputs}
    for position, item in enumerate(plain):
        for earlier in plain[:position]:
            if earlier.type == item.type and item.id not in sharers:
                yield built(merged, case, earlier.id, item.id)
                break
