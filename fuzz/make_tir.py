"""Making one test of TIR: a random program with a random pipeline, or a mutant of either or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

import msgspec

from tensorsmith.fuzz.messages import Origin, Slot
from tensorsmith.generators.tir.source import random_tir
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.pipeline import Pipeline
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
# So many pipelines are drawn once more, at most, for one that is kept.
_DRAWS = 4
# Whether a program is compiled is decided by what is new, and not by mutation.
_MUTATORS = tuple(entry for entry in PIPELINE_MUTATORS if entry.name != "toggle-build")


def make_tir(
    slot: Slot,
    target: str,
    weights: Mapping[str, float] = NO_WEIGHTS,
    mutators: Mapping[str, float] = NO_WEIGHTS,
) -> tuple[TirCase, Origin]:
    """Make the test of a slot; equal arguments give an equal test.

    Args:
        slot: what is made.
        target: the compiler under test.
        weights: below 1, of passes that are to run less often.
        mutators: weights of mutators, by name.

    Raises:
        GraphError: no mutator found anything to do, or TVM does not put together what was made.
    """
    try:
        return _made(slot, target, weights, mutators)
    except (RuntimeError, TypeError, ValueError) as error:
        # TVM folds constants while it builds nodes, and raises where it cannot.
        raise GraphError(f"TVM does not build the program: {adapter.first_line(error)}") from error


def _made(
    slot: Slot, target: str, weights: Mapping[str, float], mutators: Mapping[str, float]
) -> tuple[TirCase, Origin]:
    rng = Random(slot.seed)
    if not isinstance(slot.parent, TirCase):
        return _generated(rng, target, weights)
    parent = slot.parent
    donor = slot.donor if isinstance(slot.donor, TirCase) else parent
    mutant, names = parent, tuple[str, ...]()
    if slot.part != "pipeline":
        ancestor = to_function(parent.program)
        if size(ancestor.func.body) > LARGEST:
            return _generated(rng, target, weights)
        function, names = mutate_function(ancestor, to_function(donor.program), rng, mutators)
        if names:
            mutant = msgspec.structs.replace(parent, program=to_program(function), recipe=_recipe(rng))
    if slot.part != "program":
        pipeline, others = _drawn(
            lambda: mutate_pipeline(parent.pipeline, donor.pipeline, rng, mutators=_MUTATORS, weights=mutators),
            weights,
            rng,
        )
        mutant, names = msgspec.structs.replace(mutant, pipeline=pipeline), names + others
    if not names:
        raise GraphError(f"no mutator found anything to change: {slot.part}")
    return mutant, Origin(parent.id, names, slot.part)


def _generated(rng: Random, target: str, weights: Mapping[str, float]) -> tuple[TirCase, Origin]:
    program, recipe = to_program(random_tir(rng)), _recipe(rng)
    pipeline, _ = _drawn(lambda: (random_pipeline(rng, build=BUILD_SHARE), ()), weights, rng)
    return TirCase(program, target, recipe, pipeline=pipeline), Origin()


def _drawn(
    draw: Callable[[], tuple[Pipeline, tuple[str, ...]]], weights: Mapping[str, float], rng: Random
) -> tuple[Pipeline, tuple[str, ...]]:
    """The first pipeline that is kept, with the names of its mutators; the last of some draws if none is."""
    drawn = draw()
    for _ in range(_DRAWS):
        if _is_kept(drawn[0], weights, rng):
            break
        drawn = draw()
    return drawn


def _is_kept(pipeline: Pipeline, weights: Mapping[str, float], rng: Random) -> bool:
    """Whether a pipeline is used; one with passes of little weight seldom is."""
    least = min((weights.get(step.name, 1.0) for step in pipeline.steps), default=1.0)
    return least == 1.0 or rng.random() < least


def _recipe(rng: Random) -> TirRecipe:
    return TirRecipe(tuple(rng.getrandbits(31) for _ in range(SETS)), rng.choice((0.0, SPECIAL)))
