"""Mutants made by several mutators in a row."""

import random

import pytest

from tensorsmith.generators.cases import random_case
from tensorsmith.ir.check import type_check
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.api import MutatorEntry
from tensorsmith.mutators.apply import mutate
from tensorsmith.mutators.insert import insert
from tensorsmith.mutators.registry import MUTATORS
from tensorsmith.mutators.size import MOST_ELEMENTS, MOST_NODES, MOST_VALUES, cut, fits
from tensorsmith.mutators.splice import splice
from tests.mutators.programs import case_of, run

GROWING = (MutatorEntry("insert", "", insert), MutatorEntry("splice", "", splice))


def long_chain(length: int, size: int = 4) -> TestCase:
    lines = [f"%{n}: f32[{size}] = aten.sin.default(%{n - 1})" for n in range(1, length + 1)]
    return case_of(f"inputs:\n%0: f32[{size}]\nnodes:\n" + "\n".join(lines) + f"\noutputs: %{length}")


def test_mutants_of_mutants_never_exceed_the_limits() -> None:
    corpus = [random_case(seed, "inductor", size=8) for seed in range(6)]
    corpus = [case for case in corpus if fits(case.graph)]
    rng = random.Random(3)
    largest = 0
    for _ in range(40):
        mutant, names = mutate(rng.choice(corpus[-8:]), rng.choice(corpus[-8:]), rng, GROWING)
        assert len(mutant.graph.nodes) <= MOST_NODES
        assert all(type_.numel <= MOST_ELEMENTS for type_ in mutant.graph.types().values())
        assert 1 <= len(names) <= 3
        corpus.append(mutant)
        largest = max(largest, len(mutant.graph.nodes))
    assert largest > 12
    type_check(corpus[-1].graph)


def test_the_names_are_those_of_the_mutators_that_changed_something() -> None:
    idle = MutatorEntry("idle", "", lambda case, donor, rng: None)
    case = long_chain(3)
    seen: set[str] = set()
    for seed in range(20):
        mutant, names = mutate(case, case, random.Random(seed), (idle, *MUTATORS))
        assert mutant.id != case.id or len(names) > 1
        assert "idle" not in names
        seen.update(names)
    assert len(seen) > 6


def test_equal_seeds_give_equal_mutants() -> None:
    case, donor = long_chain(5), random_case(1, "inductor")
    for seed in range(10):
        assert mutate(case, donor, random.Random(seed)) == mutate(case, donor, random.Random(seed))


def test_a_program_that_is_too_long_is_cut_first() -> None:
    long = long_chain(40)
    part = cut(long, random.Random(0))
    assert part is not None
    assert 0 < len(part.graph.nodes) <= MOST_NODES
    assert run(part)
    mutant, _ = mutate(long, long, random.Random(0))
    assert fits(mutant.graph)


def test_a_call_with_too_many_results_is_cut_away() -> None:
    size = MOST_VALUES + 1
    parts = ", ".join(f"%{n + 2}: f32[]" for n in range(size))
    split = case_of(
        f"""
        inputs:
          %0: f32[{size}]
        nodes:
          %1: f32[{size}] = aten.sin.default(%0)
          {parts} = aten.unbind.int(%1)
        outputs: %2, %1
        """
    )
    part = cut(split, random.Random(0))
    assert part is not None
    assert part.graph.operators() == ("aten.sin.default",)


def test_a_program_that_cannot_be_cut_is_refused() -> None:
    wide = long_chain(2, size=MOST_ELEMENTS + 1)
    assert cut(wide, random.Random(0)) is None
    with pytest.raises(GraphError, match="too large"):
        mutate(wide, wide, random.Random(0))


def test_no_mutator_with_anything_to_do_is_an_error() -> None:
    idle = MutatorEntry("idle", "", lambda case, donor, rng: None)
    with pytest.raises(GraphError, match="none of 1 mutators"):
        mutate(long_chain(2), long_chain(2), random.Random(0), (idle,))
