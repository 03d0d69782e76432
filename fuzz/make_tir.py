"""Making one test of TIR: a random program with a random pipeline, or a mutant of either or both."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import msgspec

from tensorsmith.fuzz.messages import Origin, Slot
from tensorsmith.generators.tir.source import random_tir
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.mutators.choose import NO_WEIGHTS
from tensorsmith.mutators.passes.apply import mutate_pipeline
from tensorsmith.mutators.passes.registry import PIPELINE_MUTATORS
from tensorsmith.mutators.tir.apply import mutate_function
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import to_function, to_program
from tensorsmith.targets.tvm.passes.random_pipelines import random_pipeline
from tensorsmith.targets.tvm.tree import size

# Sets of input values, and the share of special floats in them.
SETS = 2
SPECIAL = 0.05
# Nodes of a program that is mutated, at most: what is done with a test takes time by its size.
LARGEST = 80
# Share of generated tests whose program is compiled and run; more are once they have reached something new.
BUILD_SHARE = 0.01
# Whether a program is compiled is decided by what is new, and not by mutation.
_MUTATORS = tuple(entry for entry in PIPELINE_MUTATORS if entry.name != "toggle-build")


def make_tir(slot: Slot, target: str, weights: Mapping[str, float] = NO_WEIGHTS) -> tuple[TirCase, Origin]:
    """Make the test of a slot; equal arguments give an equal test.

    Args:
        slot: what is made.
        target: the compiler under test.
        weights: of mutators, by name.

    Raises:
        GraphError: no mutator found anything to do, or TVM does not put together what was made.
    """
    try:
        return _made(slot, target, weights)
    except (RuntimeError, TypeError, ValueError) as error:
        # TVM folds constants while it builds nodes, and raises where it cannot.
        raise GraphError(f"TVM does not build the program: {adapter.first_line(error)}") from error


def _made(slot: Slot, target: str, weights: Mapping[str, float]) -> tuple[TirCase, Origin]:
    rng = Random(slot.seed)
    if not isinstance(slot.parent, TirCase):
        return _generated(rng, target)
    parent = slot.parent
    donor = slot.donor if isinstance(slot.donor, TirCase) else parent
    if slot.change == "pipeline":
        pipeline, mutators = mutate_pipeline(parent.pipeline, donor.pipeline, rng, mutators=_MUTATORS, weights=weights)
        if not mutators:
            raise GraphError("no mutator of pipelines found anything to change")
        return msgspec.structs.replace(parent, pipeline=pipeline), Origin(parent.id, mutators)
    ancestor = to_function(parent.program)
    if size(ancestor.func.body) > LARGEST:
        return _generated(rng, target)
    function, mutators = mutate_function(ancestor, to_function(donor.program), rng, weights)
    if not mutators:
        raise GraphError("no mutator of TIR found anything to change")
    mutant = msgspec.structs.replace(parent, program=to_program(function), recipe=_recipe(rng))
    return mutant, Origin(parent.id, mutators)


def _generated(rng: Random, target: str) -> tuple[TirCase, Origin]:
    program = to_program(random_tir(rng))
    return TirCase(program, target, _recipe(rng), pipeline=random_pipeline(rng, build=BUILD_SHARE)), Origin()


def _recipe(rng: Random) -> TirRecipe:
    return TirRecipe(tuple(rng.getrandbits(31) for _ in range(SETS)), rng.choice((0.0, SPECIAL)))
