"""All that a campaign has covered, by observer, and what a test adds to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from pyroaring import BitMap

from tensorsmith.corpus.coverage import Coverage, Reached

_NO_NAMES: Mapping[int, str] = MappingProxyType({})


class Maps:
    """The maps of all observers of a campaign, those of earlier runs included."""

    def __init__(self, coverage: Coverage, numbered: Collection[str] = ()) -> None:
        """Restore them from the store.

        Args:
            coverage: of the campaign.
            numbered: observers that number features, which others want to know all features of from the beginning.
        """
        self._coverage = coverage
        self._covered: dict[str, BitMap] = {name: coverage.covered(name) for name in numbered}
        self._numbers: dict[str, dict[str, int]] = {}

    def covered(self, observer: str) -> BitMap:
        """All that an observer has seen; not a copy."""
        if observer not in self._covered:
            self._covered[observer] = self._coverage.covered(observer)
        return self._covered[observer]

    def numbered(self) -> dict[str, BitMap]:
        """What observers that number features and do not name them have seen, as far as that is known; not copies."""
        return {name: features for name, features in self._covered.items() if name not in self._numbers}

    def take_names(self, observer: str, names: Iterable[str]) -> Reached:
        """A test reached features that the observer names; they are covered from now on."""
        numbers = self._numbers.get(observer)
        if numbers is None:
            numbers = self._numbers[observer] = self._coverage.numbers(observer)
        every = set(names)
        unknown = sorted(every - numbers.keys())
        for name in unknown:
            numbers[name] = len(numbers)
        return self.take(observer, BitMap([numbers[name] for name in every]), {numbers[name]: name for name in unknown})

    def take(self, observer: str, every: BitMap, names: Mapping[int, str] = _NO_NAMES) -> Reached:
        """A test reached features that the observer numbers; they are covered from now on."""
        covered = self.covered(observer)
        first = every - covered
        if first:
            covered |= first
            self._covered[observer] = covered
        return Reached(observer, first, every, names)


def take_all(maps: Maps, named: Mapping[str, Iterable[str]], numbered: Mapping[str, bytes]) -> list[Reached]:
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
