"""What of a seed is mutated: its program, or the pipeline that its program goes through."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Protocol

from tensorsmith.fuzz.messages import Part
from tensorsmith.fuzz.schedules.yields import GREED, RECENT, Yields

# Mutants of a seed's program without anything new, one after the other, before its pipeline is mutated once.
N_MAX = 4
# The share of mutants for which what is mutated does not depend on what has paid.
TRIED = 0.2


class Changes(Protocol):
    """Says what of a seed is mutated next."""

    def of(self, id_: str, rng: Random) -> Part:
        """What of the seed of an id."""
        ...

    def child(self, id_: str, part: Part, new: float, seconds: float) -> None:
        """A mutant of a seed was judged: what of it was mutated, how much it reached that is new, how long it took."""
        ...


class Always:
    """The same of every seed."""

    def __init__(self, part: Part) -> None:
        self._part: Part = part

    def of(self, id_: str, rng: Random) -> Part:
        """See Changes."""
        return self._part

    def child(self, id_: str, part: Part, new: float, seconds: float) -> None:
        """See Changes."""


class InTandem:
    """The program until that stagnates, then the pipeline: the control loop of Tzer (OOPSLA 2022, section 3.4).

    Every seed has a count of mutants that reached nothing new, which one that does sets back.
    """

    def __init__(self) -> None:
        self._stale: Counter[str] = Counter()

    def of(self, id_: str, rng: Random) -> Part:
        """See Changes."""
        return "pipeline" if self._stale[id_] % (N_MAX + 1) == N_MAX else "program"

    def child(self, id_: str, part: Part, new: float, seconds: float) -> None:
        """See Changes."""
        self._stale[id_] = 0 if new else self._stale[id_] + 1


class ByYield:
    """Program, pipeline or both, as it has paid."""

    def __init__(self) -> None:
        self._yields = Yields(RECENT)

    def of(self, id_: str, rng: Random) -> Part:
        """See Changes."""
        if rng.random() < TRIED:
            return rng.choice(_PARTS)
        weights = self._yields.weights()
        return rng.choices(_PARTS, [weights.get(part, 1.0) ** GREED for part in _PARTS])[0]

    def child(self, id_: str, part: Part, new: float, seconds: float) -> None:
        """See Changes."""
        self._yields.heard((part,), new, seconds)


_PARTS: tuple[Part, ...] = ("program", "pipeline", "both")
