"""Replace a call by one of its operands of the same type, which keeps everything after it well-typed."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.edit import Replay
from tensorsmith.ir.graph import refs
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, finished, stand_in
from tensorsmith.triage.reductions.api import Candidates, first_taken


def bypass(case: TestCase) -> Candidates:
    """From the last call to the first, let an operand of the same dtype and shape stand for the result."""
    position = len(case.graph.nodes) - 1
    while position >= 0:
        taken = yield from first_taken(_bypassing(case, position))
        if taken is not None:
            case = taken
        position = min(position, len(case.graph.nodes)) - 1


def bypassed(case: TestCase, position: int, result: int, operand: int) -> TestCase:
    """The test case without a call, an operand of it standing for one of its results.

    Raises:
        GraphError: a later call rejects the operand, or nothing is left to return.
    """
    replay = Replay()
    replay.sources(case.graph)
    for here, node in enumerate(case.graph.nodes):
        if here == position:
            replay.ids[result] = replay.ids[operand]
            continue
        for needed in refs(node):
            stand_in(case, replay, needed)
        replay.node(node)
    return finished(case, replay, case.graph.outputs)


def _bypassing(case: TestCase, position: int) -> Iterator[TestCase | None]:
    types = case.graph.types()
    node = case.graph.nodes[position]
    for result, made in zip(node.results, node.types, strict=True):
        for operand in dict.fromkeys(refs(node)):
            if (types[operand].dtype, types[operand].shape) == (made.dtype, made.shape):
                yield built(bypassed, case, position, result, operand)
