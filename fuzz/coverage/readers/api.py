"""What a reader is: it says of the features of an observer where each belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

Positions = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Seen:
    """What an observer has seen in a campaign.

    Attributes:
        observer: its name.
        features: by number.
        names: of those of an observer that names features; empty for one that numbers them.
        build: of the compiler that it watched; empty where that was not noted.
    """

    observer: str
    features: BitMap
    names: Mapping[int, str]
    build: str


@dataclass(frozen=True)
class Layout:
    """Where features belong: each to an item, and each item to a group. A feature is a position in the two arrays.

    Attributes:
        form: what items are: functions of source files, lines of source files, or features themselves in words.
        parts: what features are called in tables, such as `blocks`.
        groups: source files or kinds; the empty text for what is not known.
        group: int32[n], positions in `groups`.
        items: functions by name or address, numbers of lines, or words.
        item: int32[n], positions in `items`.
        whole: whether it has all that there is, reached or not, so that a share can be told.
    """

    form: Literal["functions", "lines", "words"]
    parts: str
    groups: tuple[str, ...]
    group: Positions
    items: tuple[str, ...]
    item: Positions
    whole: bool

    def group_of_item(self) -> Positions:
        """int32[number of items], the group of each."""
        found = np.zeros(len(self.items), np.int32)
        found[self.item] = self.group
        return found


class Reader(Protocol):
    """Reads the features of the observers that it knows."""

    def reads(self, seen: Seen) -> bool:
        """Whether it knows the observer."""
        ...

    def layout(self, seen: Seen) -> Layout:
        """Where the features belong; all of `seen.features` are in it.

        Raises:
            EnvironmentLacksError: what is installed is another build, or something that reading needs is missing.
        """
        ...
