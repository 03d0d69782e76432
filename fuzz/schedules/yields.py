"""What is worth its time: of several ways to make a test the likelier the more its tests reach that is new.

A bandit: the share of a way follows its measured yield a second, with a floor so that none starves, and what was long
ago counts less, because what is new changes as a campaign goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

# The smallest and the greatest weight, where the average is 1.
FLOOR, CEILING = 0.25, 8.0
# After so many tests what was before counts half: where a choice is among few ways, whose yields a campaign learns soon
# and which change soon, and where it is among many.
RECENT, LONG = 512, 4096
# Where ways exclude each other, shares follow this power of the yields: what yields half as much gets an eighth. In
# proportion to the yields themselves, too many tests are given to the worse way.
GREED = 3
# The average yield is taken to have been seen on so many tests of each way.
PRIOR = 20.0


class Yields:
    """The yield of ways to make tests, by name."""

    def __init__(self, half_life: int) -> None:
        """Begin with none.

        Args:
            half_life: after so many tests what was before counts half.
        """
        self._half_life = half_life
        self._new: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()
        self._tests = 0.0
        self._since = 0

    def heard(self, names: Iterable[str], new: float, seconds: float) -> None:
        """A test that was made in these ways was judged: how much it reached that is new, and how long it took."""
        for name in names:
            self._new[name] += new  # type: ignore[assignment]
            self._seconds[name] += seconds  # type: ignore[assignment]
            self._tests += 1
        self._since += 1
        if self._since >= self._half_life:
            self._since = 0
            self._tests /= 2
            for counts in (self._new, self._seconds):
                for name in counts:
                    counts[name] /= 2  # type: ignore[assignment]

    def weights(self) -> dict[str, float]:
        """The weight of each way that was tried; the average is 1, which is the weight of the others."""
        total, seconds = sum(self._new.values()), sum(self._seconds.values())
        if total <= 0 or seconds <= 0:
            return {}
        average = total / seconds
        known = PRIOR * seconds / self._tests
        found = {
            name: (self._new[name] + average * known) / (self._seconds[name] + known) / average
            for name in self._seconds
        }
        mean = sum(found.values()) / len(found)
        return {name: min(max(weight / mean, FLOOR), CEILING) for name, weight in found.items()}
