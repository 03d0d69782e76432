"""A random number generator that reads its choices from bytes: smaller bytes are simpler choices."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import MutableSequence, Sequence
from itertools import accumulate, pairwise
from typing import Any

_BYTE = 1 << 8
_SHORT = 1 << 16
# A byte chooses between so many evenly enough.
_FEW = 1 << 6


class ByteRandom(random.Random):
    """Reads bytes, and zeros when they are used up; of zeros come the usual choices.

    That is the middle of `random()`, so that a branch that is taken in less than half of the cases is not taken; of
    weighted choices the most likely, of others the first; of numbers the one nearest to zero; the order that there is.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = iter(data)

    def random(self) -> float:
        """A number in `[0, 1)`, for zero 0.5."""
        return 0.5 + _zigzag(self._number(_BYTE), -_BYTE // 2, _BYTE // 2 - 1) / _BYTE

    def getrandbits(self, k: int, /) -> int:
        """A number of `k` bits; what is not defined here is made of such."""
        return self._number(1 << k)

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        """A number of a range, for zero the nearest to zero if the step is 1, else the first."""
        numbers = range(start) if stop is None else range(start, stop, step)
        if not numbers:
            raise ValueError(f"no number is in {numbers}")
        place = self._number(len(numbers))
        return _zigzag(place, numbers[0], numbers[-1]) if step == 1 else numbers[place]

    def choice(self, seq: Any) -> Any:
        """An item, for zero the first."""
        if not len(seq):
            raise IndexError("there is nothing to choose from")
        return seq[self._number(len(seq))]

    def choices(
        self,
        population: Any,
        weights: Sequence[Any] | None = None,
        *,
        cum_weights: Sequence[Any] | None = None,
        k: int = 1,
    ) -> list[Any]:
        """`k` items, for zero the one of the greatest weight."""
        if weights is None:
            weights = [b - a for a, b in pairwise((0, *cum_weights))] if cum_weights else [1] * len(population)
        if min(weights) == max(weights):
            return [self.choice(population) for _ in range(k)]
        places = sorted(range(len(weights)), key=lambda place: -weights[place])
        summed = list(accumulate(weights[place] for place in places))
        points = [self._number(_SHORT) / _SHORT * summed[-1] for _ in range(k)]
        return [population[places[bisect(summed, point)]] for point in points]

    def shuffle(self, x: MutableSequence[Any]) -> None:
        """Put the items into another order, for zeros the one that they have."""
        for place in range(len(x) - 1):
            other = place + self._number(len(x) - place)
            x[place], x[other] = x[other], x[place]

    def sample(self, population: Any, k: int, *, counts: Any = None) -> list[Any]:
        """`k` items without repeats, for zeros the first ones."""
        if counts is not None or not 0 <= k <= len(population):
            raise ValueError(f"no {k} of {len(population)} items")
        items = list(population)
        self.shuffle(items)
        return items[:k]

    def _number(self, count: int) -> int:
        """A number in `[0, count)`, growing with the bytes that it is read from: none if there is but one."""
        if count == 1:
            return 0
        if count <= _FEW or count == _BYTE:
            return next(self._data, 0) * count // _BYTE
        short = next(self._data, 0) * _BYTE + next(self._data, 0)
        return short * count // _SHORT if count <= _SHORT else short


def _zigzag(place: int, low: int, high: int) -> int:
    """The number at a place in the order of `low` to `high` by distance from zero, positive ones first."""
    if low >= 0:
        return low + place
    if high <= 0:
        return high - place
    shorter = min(-low, high)
    if place <= 2 * shorter:
        return (place + 1) // 2 if place % 2 else -(place // 2)
    return place - shorter if high > shorter else shorter - place
