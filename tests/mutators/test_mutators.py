"""What holds for every mutator, on random programs."""

import random
from functools import cache

import pytest
import torch

from tensorsmith.generators.cases import random_case
from tensorsmith.ir.check import type_check
from tensorsmith.ir.testcase import TestCase, decode, encode
from tensorsmith.mutators.api import MutatorEntry
from tensorsmith.mutators.pipelines import random_pipeline
from tensorsmith.mutators.registry import MUTATORS
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.inputs import make_inputs

SEEDS = 20

every_mutator = pytest.mark.parametrize("entry", MUTATORS, ids=lambda entry: entry.name)


@cache
def parents() -> tuple[TestCase, ...]:
    cases = (random_case(seed, "inductor", size=6) for seed in range(2 * SEEDS))
    sound = [case for case in cases if runs(case)][:SEEDS]
    return tuple(random_pipeline(case, random.Random(seed)) for seed, case in enumerate(sound))


def runs(case: TestCase) -> bool:
    try:
        outputs = Eager().compile(case)(make_inputs(case.graph, case.recipe))
    except Exception:
        return False
    types = case.graph.types()
    assert [tuple(o.shape) for o in outputs] == [types[o].shape for o in case.graph.outputs]
    return True


def mutants(entry: MutatorEntry) -> list[TestCase]:
    made = (entry.mutate(parent, parents()[seed - 1], random.Random(seed)) for seed, parent in enumerate(parents()))
    return [mutant for mutant in made if mutant is not None]


@every_mutator
def test_mutants_are_well_typed_and_run(entry: MutatorEntry) -> None:
    found = mutants(entry)
    # The parents are for a target whose pipelines are of knobs.
    assert len(found) >= SEEDS // 2 or entry.name == "change-passes"
    for mutant in found:
        type_check(mutant.graph)
        assert decode(encode(mutant)).id == mutant.id
    assert sum(map(runs, found)) >= 0.85 * len(found)


@every_mutator
def test_a_mutant_differs_from_its_parent(entry: MutatorEntry) -> None:
    for seed, parent in enumerate(parents()[:8]):
        mutant = entry.mutate(parent, parents()[seed - 1], random.Random(seed))
        assert mutant is None or mutant.id != parent.id


@every_mutator
def test_equal_seeds_give_equal_mutants(entry: MutatorEntry) -> None:
    for seed, parent in enumerate(parents()[:8]):
        torch.manual_seed(seed)  # the global state of torch must not matter
        first = entry.mutate(parent, parents()[-1], random.Random(seed))
        torch.manual_seed(seed + 1)
        assert entry.mutate(parent, parents()[-1], random.Random(seed)) == first


@every_mutator
def test_the_parent_and_its_target_stay(entry: MutatorEntry) -> None:
    for seed, parent in enumerate(parents()[:8]):
        before = encode(parent)
        mutant = entry.mutate(parent, parents()[seed - 1], random.Random(seed))
        assert encode(parent) == before
        assert mutant is None or (mutant.target, mutant.device) == (parent.target, parent.device)


def test_names_are_unique() -> None:
    assert len({entry.name for entry in MUTATORS}) == len(MUTATORS)
