"""Which seed is mutated next: the more likely the rarer what it reaches, the better its children did, the faster it is.

A power schedule after AFLFast (CCS 2016, section 4) and Entropic (ESEC/FSE 2020, section 3): there the energy of a seed
grows with the rarity of what it covers and falls with the number of its fruitless children.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from tensorsmith.fuzz.schedules.api import Feature

# Seeds are drawn so often by energies that were computed once.
REFRESH = 256
# Energies of two seeds whose features are of any rarity differ by at most the quotient, and so for their times.
RARITY = (0.05, 4.0)
COST = (0.25, 4.0)
# The yield that is expected of a seed: this many children that reach something new, of this many.
EXPECTED_NEW, EXPECTED_CHILDREN = 1.0, 4.0


@dataclass
class _Seed:
    id: str
    features: tuple[Feature, ...]
    children: int = 0
    fruitful: int = 0
    seconds: float = 0.0


class SeedPool:
    """The seeds of a corpus with what is known of each."""

    def __init__(self) -> None:
        self._seeds: dict[str, _Seed] = {}
        self._hits: Counter[Feature] = Counter()
        self._tests = 0
        self._seconds = 0.0
        self._ids: list[str] = []
        self._energies: list[float] = []
        self._drawn = REFRESH

    def __len__(self) -> int:
        return len(self._seeds)

    def add(self, id_: str, features: Iterable[Feature]) -> None:
        """Take a seed in that was the first to reach some features."""
        if id_ not in self._seeds:
            self._seeds[id_] = _Seed(id_, tuple(features))
            self._drawn = REFRESH if len(self._seeds) < REFRESH else self._drawn

    def reached(self, features: Collection[Feature]) -> None:
        """A test reached some features."""
        self._hits.update(features)

    def child(self, id_: str, new: bool, seconds: float) -> None:
        """A mutant of a seed was judged: whether it reached something new, and how long it took."""
        self._tests += 1
        self._seconds += seconds
        seed = self._seeds.get(id_)
        if seed is not None:
            seed.children += 1
            seed.fruitful += new
            seed.seconds += seconds

    def draw(self, rng: Random) -> str:
        """The id of a seed, likely by its energy.

        Raises:
            LookupError: there is none.
        """
        if not self._seeds:
            raise LookupError("there are no seeds")
        if self._drawn >= REFRESH:
            self._ids = list(self._seeds)
            self._energies = list(accumulate(self.energy(id_) for id_ in self._ids))
            self._drawn = 0
        self._drawn += 1
        return rng.choices(self._ids, cum_weights=self._energies)[0]

    def energy(self, id_: str) -> float:
        """How likely a seed is to be drawn, relative to others."""
        seed = self._seeds[id_]
        rarity = _within(sum(1.0 / max(1, self._hits[feature]) for feature in seed.features), RARITY)
        expected = (seed.fruitful + EXPECTED_NEW) / (seed.children + EXPECTED_CHILDREN)
        cost = 1.0
        if seed.children and self._seconds > 0.0:
            cost = _within(seed.seconds / seed.children / (self._seconds / self._tests), COST)
        return rarity * expected / cost


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
