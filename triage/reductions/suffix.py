"""Cut the end off: the shortest beginning of the program that still fails, then only what its last call depends on."""

from __future__ import annotations

from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, with_outputs, without_nodes
from tensorsmith.triage.reductions.api import Candidates, first_taken


def suffix(case: TestCase) -> Candidates:
    """Bisect over the length; values that the end read are returned instead. Then the cone of the last call."""
    total = len(case.graph.nodes)
    best = case
    low, high = 1, total
    while low < high:
        middle = (low + high) // 2
        candidate = built(without_nodes, case, set(range(middle, total)))
        if candidate is not None and (yield candidate):
            best, high = candidate, middle
        else:
            low = middle + 1
    if best.graph.nodes:
        last = best.graph.nodes[-1].results
        cones = [last, *((result,) for result in last if len(last) > 1)]
        yield from first_taken(built(with_outputs, best, cone) for cone in cones if cone != best.graph.outputs)
