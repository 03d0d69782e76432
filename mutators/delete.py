"""Delete a call, and let other values stand for its results."""

from __future__ import annotations

import random

from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.rebuild import carry_all, finish, rewire, start


def delete(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case without one of its calls; its users read an operand of it, another value, or a new input."""
    nodes = case.graph.nodes
    if len(nodes) < 2:
        return None
    position = rng.randrange(len(nodes))
    rebuild = start(case, rng)
    carry_all(rebuild, nodes[:position])
    rewire(rebuild, nodes[position])
    carry_all(rebuild, nodes[position + 1 :])
    return finish(rebuild, case)
