"""Take a call out and let what it reads be read in its place, though it is of another type."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.graph import refs
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built
from tensorsmith.triage.reductions.api import Candidates, greedy
from tensorsmith.triage.reductions.bypass import bypassed


def rewire(case: TestCase) -> Candidates:
    """Let an operand stand for the result of a call, wherever all that follows takes an operand of that type, too."""
    return greedy(case, _rewired)


def _rewired(case: TestCase) -> Iterator[TestCase | None]:
    types = case.graph.types()
    for position in reversed(range(len(case.graph.nodes))):
        node = case.graph.nodes[position]
        for result, made in zip(node.results, node.types, strict=True):
            for operand in dict.fromkeys(refs(node)):
                if (types[operand].dtype, types[operand].shape) != (made.dtype, made.shape):
                    yield built(bypassed, case, position, result, operand)
