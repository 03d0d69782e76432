"""Choosing a mutator, the likelier the greater its weight."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

NO_WEIGHTS: Mapping[str, float] = {}


class Named(Protocol):
    """A mutator of any kind of programs or pipelines."""

    @property
    def name(self) -> str:
        """What people call it, and what its weight goes by."""
        ...


AnyMutator = TypeVar("AnyMutator", bound=Named)


def choose(mutators: Sequence[AnyMutator], weights: Mapping[str, float], rng: random.Random) -> AnyMutator:
    """One of some mutators; the weight of one that has none is 1."""
    if not weights:
        return rng.choice(mutators)
    return rng.choices(mutators, [weights.get(entry.name, 1.0) for entry in mutators])[0]
