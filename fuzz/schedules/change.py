"""What of a seed is mutated: its program, or the pipeline that its program goes through."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from tensorsmith.mutators.api import Change

# Mutants of a seed's program without anything new, one after the other, before its pipeline is mutated once.
N_MAX = 4


class Changes(Protocol):
    """Says what of a seed is mutated next."""

    def of(self, id_: str) -> Change:
        """What of the seed of an id."""
        ...

    def child(self, id_: str, new: bool) -> None:
        """A mutant of a seed was judged; whether it reached something new."""
        ...


class Always:
    """The same of every seed."""

    def __init__(self, change: Change) -> None:
        self._change: Change = change

    def of(self, id_: str) -> Change:
        """See Changes."""
        return self._change

    def child(self, id_: str, new: bool) -> None:
        """See Changes."""


class InTandem:
    """The program until that stagnates, then the pipeline: the control loop of Tzer (OOPSLA 2022, section 3.4).

    Every seed has a count of mutants that reached nothing new, which one that does sets back.
    """

    def __init__(self) -> None:
        self._stale: Counter[str] = Counter()

    def of(self, id_: str) -> Change:
        """See Changes."""
        return "pipeline" if self._stale[id_] % (N_MAX + 1) == N_MAX else "program"

    def child(self, id_: str, new: bool) -> None:
        """See Changes."""
        self._stale[id_] = 0 if new else self._stale[id_] + 1
