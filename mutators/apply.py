"""Making a mutant: a few mutators in a row, within limits of size."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.api import MutatorEntry
from tensorsmith.mutators.choose import NO_WEIGHTS, choose
from tensorsmith.mutators.registry import all_mutators
from tensorsmith.mutators.size import cut

TRIES = 12


def mutate(
    case: TestCase,
    donor: TestCase,
    rng: random.Random,
    mutators: Sequence[MutatorEntry] | None = None,
    weights: Mapping[str, float] = NO_WEIGHTS,
) -> tuple[TestCase, tuple[str, ...]]:
    """A mutant of a test case, and the names of the one to three mutators that made it, in order.

    Args:
        case: the parent. One that is too large is cut first.
        donor: another test case, for the mutators that combine two.
        rng: the source of every choice: equal arguments give an equal mutant.
        mutators: those to choose from; by default all there are.
        weights: of mutators, by name; 1 for those that have none.

    Raises:
        GraphError: the parent cannot be cut to size, or no mutator found anything to do.
    """
    among = all_mutators() if mutators is None else mutators
    mutant = cut(case, rng)
    if mutant is None:
        raise GraphError("the program is too large to be mutated, and no part of it is small enough")
    names: list[str] = []
    wanted = rng.choices((1, 2, 3), (5, 3, 2))[0]
    for _ in range(TRIES):
        if len(names) == wanted:
            break
        entry = choose(among, weights, rng)
        changed = entry.mutate(mutant, donor, rng)
        small = None if changed is None else cut(changed, rng)
        if small is not None:
            mutant = small
            names.append(entry.name)
    if not names:
        raise GraphError(f"none of {len(among)} mutators found anything to change")
    return mutant, tuple(names)
