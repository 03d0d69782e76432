"""What the observers of a campaign have seen, and where it belongs, as far as that can be read here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.coverage.readers.api import Layout, Seen
from tensorsmith.fuzz.coverage.readers.registry import layout_of
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Read:
    """What an observer has seen, with the layout, or with the reason why there is none."""

    seen: Seen
    layout: Layout | None
    notice: str = ""


def all_seen(store: Store) -> dict[str, Seen]:
    """What the observers of a campaign have seen, by name.

    Raises:
        InvalidInputError: none has seen anything.
    """
    builds = store.coverage.builds()
    found: dict[str, Seen] = {}
    for observer in store.coverage.observers():
        names = {number: name for name, number in store.coverage.numbers(observer).items()}
        found[observer] = Seen(observer, store.coverage.covered(observer), names, builds.get(observer, ""))
    if not found:
        raise InvalidInputError(
            f"{store.directory}: has no coverage: no test has passed yet, or it ran with --no-coverage"
        )
    return found


def read(seen: Seen) -> Read:
    """Find out where what an observer has seen belongs."""
    try:
        return Read(seen, layout_of(seen))
    except (EnvironmentLacksError, InvalidInputError) as error:
        return Read(seen, None, str(error))


def positions(features: BitMap) -> Positions:
    """Features as an array."""
    return np.array(features.to_array(), dtype=np.int64)


def items_in_order(store: Store, observer: str, layout: Layout) -> Iterator[tuple[str, Positions]]:
    """Test cases in the order in which they were kept, with the items that each was the first to reach a part of."""
    for name, case_id, first in store.coverage.firsts():
        if name == observer:
            yield case_id, np.unique(layout.item[positions(first)])


def tests_of_items(store: Store, observer: str, layout: Layout) -> Positions:
    """int64[items], by how many tests each item is reached, of those whose sets are known."""
    counts = np.zeros(len(layout.items), np.int64)
    for name, _, every in store.coverage.sets():
        if name == observer:
            counts[np.unique(layout.item[positions(every)])] += 1
    return counts


def merged(one: Seen, other: Seen) -> tuple[Seen, Seen]:
    """Two campaigns' views of one observer, with the same numbers for the same names."""
    if not one.names and not other.names:
        return one, other
    numbers = {name: number for number, name in one.names.items()}
    for name in sorted(other.names.values()):
        numbers.setdefault(name, len(numbers))
    names: Mapping[int, str] = {number: name for name, number in numbers.items()}
    moved = BitMap([numbers[other.names[number]] for number in other.features])
    return (
        Seen(one.observer, one.features, names, one.build),
        Seen(other.observer, moved, names, other.build),
    )
