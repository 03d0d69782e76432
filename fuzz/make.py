"""Making one test: a random program, or a mutant of a parent, with a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from tensorsmith.fuzz.messages import Origin, Slot
from tensorsmith.generators.cases import random_case
from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.mutators.apply import mutate
from tensorsmith.mutators.pipelines import random_pipeline

# Share of generated tests that leave the compiler's configuration as it is.
DEFAULT_PIPELINE_SHARE = 0.5


def make_test(
    slot: Slot, target: str, device: Device, size: int, weights: Mapping[str, float]
) -> tuple[TestCase, Origin]:
    """Make the test of a slot; equal arguments give an equal test.

    Raises:
        GraphError: nothing well-typed could be made.
    """
    rng = Random(slot.seed)
    if slot.parent is not None:
        case, mutators = mutate(slot.parent, slot.donor or slot.parent, rng)
        return case, Origin(slot.parent.id, mutators)
    case = random_case(slot.seed, target, device, rng.randint(max(1, size // 2), size + size // 2), weights)
    if rng.random() >= DEFAULT_PIPELINE_SHARE:
        case = random_pipeline(case, rng)
    return case, Origin()
