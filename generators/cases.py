"""Random test cases: a random graph for a target, under the compiler's default pipeline."""

from __future__ import annotations

import random
from collections.abc import Mapping

from tensorsmith.generators.in_use import own_table, weights_in_use
from tensorsmith.generators.random_graphs import random_graph
from tensorsmith.ir.testcase import Device, TestCase


def random_case(
    seed: int,
    target: str,
    device: Device = "cpu",
    size: int = 8,
    weights: Mapping[str, float] | None = None,
) -> TestCase:
    """The random test case of a seed: the same for the same arguments, version of torch and operators in use.

    Args:
        seed: any whole number.
        target: name of the target that it is for.
        device: where it runs.
        size: about how many operators the program has.
        weights: factors for the chance of operators, by name.
    """
    graph, recipe = random_graph(random.Random(seed), size, own_table(), weights_in_use(weights or {}))
    return TestCase(graph, recipe, target, device)
