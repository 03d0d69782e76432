"""What a mutator of TIR is: a function from a PrimFunc to another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from tensorsmith.targets.tvm.function import TirFunction

# Gets a function, a donor (another function, for those that combine two) and the source of all its choices.
# Returns another function, or None if it found nothing to do.
MutateTir: TypeAlias = Callable[[TirFunction, TirFunction, Random], TirFunction | None]


@dataclass(frozen=True)
class TirMutatorEntry:
    """A mutator.

    Attributes:
        name: what people call it.
        summary: what it does, in one line.
        mutate: does it.
        preserves: the function that it returns computes the same, but for the rounding of sums.
    """

    name: str
    summary: str
    mutate: MutateTir
    preserves: bool = False
