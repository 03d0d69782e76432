"""One to three random mutators, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from tensorsmith.mutators.choose import NO_WEIGHTS, choose
from tensorsmith.mutators.tir.registry import SCHEDULES, TIR_MUTATORS
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.passes.schedule import is_of_blocks

_ATTEMPTS = 12


def mutate_function(
    function: TirFunction, donor: TirFunction, rng: Random, weights: Mapping[str, float] = NO_WEIGHTS
) -> tuple[TirFunction, tuple[str, ...]]:
    """A mutant, and the names of the mutators that made it, in order; the function itself and none if none could.

    Args:
        function: what is changed.
        donor: another function, whose parts may be brought in.
        rng: what every choice comes from.
        weights: of mutators, by name; 1 for those that have none.
    """
    names: list[str] = []
    wanted = rng.choice([1, 1, 1, 2, 2, 3])
    for _ in range(_ATTEMPTS):
        if len(names) == wanted:
            break
        can_be_scheduled = rng.random() < 0.4 and is_of_blocks(function.func)
        entry = choose(SCHEDULES if can_be_scheduled else _OTHERS, weights, rng)
        mutant = entry.mutate(function, donor, rng)
        if mutant is not None:
            function = mutant
            names.append(entry.name)
    return function, tuple(names)


_OTHERS = tuple(entry for entry in TIR_MUTATORS if entry not in SCHEDULES)
