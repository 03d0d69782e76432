"""Cut the beginning off: the values that it computed become inputs."""

from __future__ import annotations

from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, without_nodes
from tensorsmith.triage.reductions.api import Candidates


def prefix(case: TestCase) -> Candidates:
    """Bisect over how many calls at the beginning are replaced by the values that eager gives for them."""
    low, high = 0, max(0, len(case.graph.nodes) - 1)
    while low < high:
        middle = (low + high + 1) // 2
        candidate = built(without_nodes, case, set(range(middle)))
        if candidate is not None and (yield candidate):
            low = middle
        else:
            high = middle - 1
