"""Mutators of TIR: mutants are well-formed and defined, and compute the same where that is promised."""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest

from tensorsmith.generators.tir.blocks import random_blocks
from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.generators.tir.source import random_plain
from tensorsmith.mutators.tir.api import TirMutatorEntry
from tensorsmith.mutators.tir.apply import mutate_function
from tensorsmith.mutators.tir.registry import SCHEDULES, TIR_MUTATORS
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.undefined import Undefined
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction, to_program

pytest.importorskip("tvm")
tvm_ffi = pytest.importorskip("tvm_ffi")

SEEDS = range(40)
MUTANTS = 16  # of one mutator; some find little to do, and get more seeds
VALID = 0.85  # of the mutants of one mutator, without any filter

Made = tuple[TirFunction, TirFunction]  # before and after


def mutants(entry: TirMutatorEntry, make: Callable[[Random], TirFunction]) -> list[Made]:
    functions, made = functions_of(make), []
    for seed in SEEDS:
        mutant = entry.mutate(functions[seed], functions[seed + 1], Random(seed))
        if mutant is not None:
            made.append((functions[seed], mutant))
        if len(made) == MUTANTS:
            break
    return made


@cache
def functions_of(make: Callable[[Random], TirFunction]) -> list[TirFunction]:
    return [make(Random(seed)) for seed in range(len(SEEDS) + 1)]


def results(function: TirFunction, seed: int = 0) -> Any:
    inputs = random_inputs(seed, function.buffers, function.scalars, 0.1)
    return compile_function(function.func).run(inputs)


def is_valid(function: TirFunction) -> bool:
    if not adapter.is_well_formed(function.func):
        return False
    try:
        results(function)
    except Undefined:
        return False
    return True


@pytest.mark.parametrize("make", [random_plain, random_blocks])
@pytest.mark.parametrize("entry", TIR_MUTATORS, ids=lambda entry: entry.name)
def test_mutants_are_changed_well_formed_and_defined(
    entry: TirMutatorEntry, make: Callable[[Random], TirFunction]
) -> None:
    made = mutants(entry, make)
    if entry in SCHEDULES and make is random_plain:
        assert made == []
        return
    if entry not in SCHEDULES:
        assert len(made) >= 3
    assert all(not tvm_ffi.structural_equal(before.func, after.func) for before, after in made)
    assert sum(is_valid(after) for _, after in made) >= VALID * len(made)


@pytest.mark.parametrize("make", [random_plain, random_blocks])
@pytest.mark.parametrize("entry", [one for one in TIR_MUTATORS if one.preserves], ids=lambda entry: entry.name)
def test_those_that_preserve_compute_the_same(entry: TirMutatorEntry, make: Callable[[Random], TirFunction]) -> None:
    for before, after in mutants(entry, make):
        if is_valid(after):
            expected, actual = results(before), results(after)
            for name, values in expected.items():
                np.testing.assert_array_equal(actual[name], values)


def test_every_primitive_of_schedules_applies_to_something() -> None:
    applied = {entry.name for entry in SCHEDULES if mutants(entry, random_blocks)}
    never = {entry.name for entry in SCHEDULES} - applied
    assert never <= {"schedule-compute-inline", "schedule-compute-at", "schedule-reverse-compute-inline"}, never


def test_equal_seeds_give_equal_mutants() -> None:
    programs = []
    for seed in (1, 1, 2):
        function, donor = random_plain(Random(5)), random_plain(Random(6))
        mutant, names = mutate_function(function, donor, Random(seed))
        assert names
        programs.append(to_program(mutant))
    assert programs[0] == programs[1] != programs[2]


def test_mutants_of_mutants_stay_defined() -> None:
    valid, total = 0, 0
    for seed in range(6):
        rng = Random(seed)
        function, donor = random_plain(Random(seed)), random_blocks(Random(seed + 1))
        for _ in range(8):
            function, names = mutate_function(function, donor, rng)
            assert names
        total += 1
        valid += is_valid(function)
    assert valid >= total - 1


def test_a_mutant_keeps_the_parameters() -> None:
    for entry in TIR_MUTATORS:
        for before, after in mutants(entry, random_plain)[:3]:
            assert (after.buffers, after.scalars) == (before.buffers, before.scalars)
            assert [str(one.name) for one in after.func.params] == [str(one.name) for one in before.func.params]
