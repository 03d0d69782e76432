"""Making a mutant of a pipeline: a few mutators in a row."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.mutators.choose import NO_WEIGHTS, choose
from tensorsmith.mutators.passes.api import PipelineMutator
from tensorsmith.mutators.passes.registry import PIPELINE_MUTATORS
from tensorsmith.targets.tvm.passes.entry import Kind

_TRIES = 12


def mutate_pipeline(
    pipeline: Pipeline,
    donor: Pipeline,
    rng: random.Random,
    kind: Kind = "tir",
    mutators: Sequence[PipelineMutator] = PIPELINE_MUTATORS,
    weights: Mapping[str, float] = NO_WEIGHTS,
) -> tuple[Pipeline, tuple[str, ...]]:
    """A mutant of a pipeline, and the names of the one to three mutators that made it, in order.

    The mutant is legal. It is the pipeline itself, with no names, where the mutators found nothing to do.

    Args:
        pipeline: the parent; without passes it stands for the default ones.
        donor: another pipeline, for the mutators that combine two.
        rng: the source of every choice: equal arguments give an equal mutant.
        kind: of the programs that both are for.
        mutators: those to choose from.
        weights: of mutators, by name; 1 for those that have none.
    """
    mutant, names = pipeline, list[str]()
    wanted = rng.choices((1, 2, 3), (5, 3, 2))[0]
    for _ in range(_TRIES):
        entry = choose(mutators, weights, rng)
        made = entry.mutate(mutant, donor, rng, kind)
        if made is not None:
            mutant = made
            names.append(entry.name)
        if len(names) == wanted:
            break
    # One mutator may take back what another has done.
    return (mutant, tuple(names)) if mutant != pipeline else (pipeline, ())
