"""Schedule a function in block form, by primitives that change no result, not even the order of sums."""

from __future__ import annotations

from random import Random

from tensorsmith.mutators.tir.api import MutateTir
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.targets.tvm.passes.schedule import DIALECT, SCHEDULE, scheduled

# TVM 0.27 applies them where they change the meaning, too: to another access in the initial value of a reduction, and
# to indices that are constant or of a block around.
_WRONG = ("schedule.reindex", "schedule.pad_einsum")

PRIMITIVES: tuple[PassEntry, ...] = tuple(
    entry for entry in SCHEDULE if entry.exact and not entry.idle and entry.name not in _WRONG
)


def scheduling(entry: PassEntry) -> MutateTir:
    """The mutator that applies a primitive with random arguments; None for functions that are not of blocks alone."""
    name = entry.name.removeprefix(f"{DIALECT}.")

    def mutate(function: TirFunction, donor: TirFunction, rng: Random) -> TirFunction | None:
        del donor
        arguments = {key: rng.choice(values) for key, values in entry.arguments}
        try:
            func = scheduled(function.func, name, arguments)
        except (RuntimeError, ValueError, TypeError, LookupError):  # found by the same primitive as a pass
            return None
        if adapter.equal(func, function.func) or not adapter.is_well_formed(func):
            return None
        return TirFunction(func, function.buffers, function.scalars)

    return mutate
