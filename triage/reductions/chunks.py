"""Counter-based delta debugging: remove runs of calls, in fewer and fewer at a time, down to single ones.

The sizes follow from the chance of a call to be removable, which falls with every round: Zhang et al., "Toward a Better
Understanding of Probabilistic Delta Debugging", ICSE 2025. Its last round tries every single call, so that a program
in which it takes nothing is 1-minimal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, without_nodes
from tensorsmith.triage.reductions.api import Candidates

FIRST_CHANCE = 0.1


def chunks(case: TestCase) -> Candidates:
    """Remove runs of neighboring calls, in order of execution; what is still needed of them becomes inputs.

    First, all between the first and the last call, both of which are needed once the ends are cut off.
    """
    total = len(case.graph.nodes)
    if total > 3:
        candidate = built(without_nodes, case, set(range(1, total - 1)))
        if candidate is not None and (yield candidate):
            case = candidate
    for size in chunk_sizes():
        position = 0
        while position < len(case.graph.nodes):
            removed = set(range(position, min(position + size, len(case.graph.nodes))))
            candidate = built(without_nodes, case, removed)
            if candidate is not None and (yield candidate):
                case = candidate
            else:
                position += size


def chunk_sizes() -> Iterator[int]:
    """How many calls to remove at once, round by round; 1 comes last."""
    chance = FIRST_CHANCE
    size = 0
    while size != 1:
        size = max(1, round(-1 / math.log(1 - min(chance, 0.999))))
        yield size
        chance /= 1 - math.exp(-1)
