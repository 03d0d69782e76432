"""Making one test: a random program, or a mutant of a parent, with a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from tensorsmith.fuzz.make_tir import make_tir
from tensorsmith.fuzz.messages import Origin, Part, Slot
from tensorsmith.generators.cases import random_case
from tensorsmith.generators.in_use import entries_in_use
from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.mutators.apply import mutate
from tensorsmith.mutators.choose import NO_WEIGHTS
from tensorsmith.mutators.pipelines import random_pipeline
from tensorsmith.mutators.registry import all_mutators
from tensorsmith.targets.registry import find_target, graph_target

# Share of generated tests that leave the compiler's configuration as it is.
DEFAULT_PIPELINE_SHARE = 0.5
# Weight of operators that a target does not say it takes.
OTHER_OPERATORS = 0.02


def make_test(
    slot: Slot,
    target: str,
    device: Device,
    size: int,
    weights: Mapping[str, float],
    mutators: Mapping[str, float] = NO_WEIGHTS,
) -> tuple[Case, Origin]:
    """Make the test of a slot; equal arguments give an equal test.

    Args:
        slot: what is made.
        target: the compiler under test.
        device: where the program runs.
        size: number of operators of a generated graph.
        weights: of operators, by name.
        mutators: weights of mutators, by name.

    Raises:
        GraphError: nothing well-typed could be made.
    """
    if find_target(target).programs == "tir":
        return make_tir(slot, target, weights, mutators)
    rng = Random(slot.seed)
    if isinstance(slot.parent, TestCase):
        donor = slot.donor if isinstance(slot.donor, TestCase) else slot.parent
        case, names = _mutant(slot.parent, donor, slot.part, rng, mutators)
        return case, Origin(slot.parent.id, names, slot.part)
    preferred = weights_for(target, weights)
    case = random_case(slot.seed, target, device, rng.randint(max(1, size // 2), size + size // 2), preferred)
    if rng.random() >= DEFAULT_PIPELINE_SHARE:
        case = random_pipeline(case, rng)
    return case, Origin()


def _mutant(
    parent: TestCase, donor: TestCase, part: Part, rng: Random, weights: Mapping[str, float]
) -> tuple[TestCase, tuple[str, ...]]:
    if part == "both":
        program, first = _mutant(parent, donor, "program", rng, weights)
        mutant, then = _mutant(program, donor, "pipeline", rng, weights)
        return mutant, first + then
    among = [entry for entry in all_mutators() if entry.changes == part]
    try:
        return mutate(parent, donor, rng, among, weights)
    except GraphError:
        # Not every target has a pipeline that can be changed.
        return mutate(parent, donor, rng, weights=weights)


def weights_for(target: str, weights: Mapping[str, float]) -> Mapping[str, float]:
    """The weights, with small ones for operators that a target may not take."""
    taken = graph_target(target).operators()
    if taken is None:
        return weights
    others = {op: OTHER_OPERATORS * weights.get(op, 1.0) for op in entries_in_use() if op not in taken}
    return {**weights, **others}
