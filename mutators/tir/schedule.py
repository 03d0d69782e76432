"""Schedule a function in block form, by primitives that change no result, not even the order of sums."""

from __future__ import annotations

from random import Random

from tensorsmith.mutators.tir.api import MutateTir
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.targets.tvm.passes.schedule import DIALECT, SCHEDULE, scheduled

PRIMITIVES: tuple[PassEntry, ...] = tuple(entry for entry in SCHEDULE if entry.exact)


def scheduling(entry: PassEntry) -> MutateTir:
    """The mutator that applies a primitive with random arguments; None for functions that are not of blocks alone."""
    name = entry.name.removeprefix(f"{DIALECT}.")

    def mutate(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
        del donor
        arguments = {key: rng.choice(values) for key, values in entry.arguments}
        try:
            func = scheduled(function.func, name, arguments)
        except (RuntimeError, ValueError, TypeError):  # found by the same primitive as a pass
            return None
        if func.same_as(function.func) or adapter.equal(func, function.func):
            return None
        return TirFunction(func, function.buffers, function.scalars)

    return mutate
