"""All that a campaign has covered, by observer, and what a test adds to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyroaring import BitMap

from tensorsmith.corpus.coverage import Coverage


@dataclass(frozen=True)
class Added:
    """What a test reached in the eyes of one observer.

    Attributes:
        observer: its name.
        first: what no test reached before; of numbers, as in `every`.
        every: all that the test reached.
        example: the first new feature in words, where it has a name.
    """

    observer: str
    first: BitMap
    every: BitMap
    example: str


class Maps:
    """The maps of all observers of a campaign, those of earlier runs included."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._covered: dict[str, BitMap] = {}
        self._numbers: dict[str, dict[str, int]] = {}

    def covered(self, observer: str) -> BitMap:
        """All that an observer has seen; not a copy."""
        if observer not in self._covered:
            self._covered[observer] = self._coverage.covered(observer)
        return self._covered[observer]

    def numbered(self) -> dict[str, BitMap]:
        """What the observers have seen, in this run, that number features and do not name them; not copies."""
        return {name: features for name, features in self._covered.items() if name not in self._numbers}

    def take_names(self, observer: str, names: Iterable[str]) -> Added:
        """A test reached features that the observer names; they are covered from now on."""
        numbers = self._numbers.get(observer)
        if numbers is None:
            numbers = self._numbers[observer] = self._coverage.numbers(observer)
        every = set(names)
        unknown = sorted(every - numbers.keys())
        for name in unknown:
            numbers[name] = len(numbers)
        if unknown:
            self._coverage.add_names(observer, [(name, numbers[name]) for name in unknown])
        return self.take(observer, BitMap([numbers[name] for name in every]), unknown[0] if unknown else "")

    def take(self, observer: str, every: BitMap, example: str = "") -> Added:
        """A test reached features that the observer numbers; they are covered from now on."""
        covered = self.covered(observer)
        first = every - covered
        if first:
            covered |= first
            self._covered[observer] = covered
        return Added(observer, first, every, example)


def take_all(maps: Maps, named: Mapping[str, Iterable[str]], numbered: Mapping[str, bytes]) -> list[Added]:
    """What a test reached in the eyes of all observers that saw something; the maps have it from now on.

    Args:
        maps: of the campaign.
        named: features by observer.
        numbered: serialized roaring bitmaps of features by observer.
    """
    return [
        *(maps.take_names(observer, names) for observer, names in named.items() if names),
        *(maps.take(observer, BitMap.deserialize(blob)) for observer, blob in numbered.items()),
    ]
