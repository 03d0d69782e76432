"""How much the observers of a campaign have seen, by source file or by kind."""

from __future__ import annotations

import msgspec
import numpy as np

from tensorsmith.fuzz.coverage.readers.api import Layout
from tensorsmith.fuzz.coverage.seen import Positions, Read, positions

UNKNOWN = "(source file not known)"


class Share(msgspec.Struct, frozen=True):
    """How many were reached; of how many there are, where that is known."""

    reached: int
    total: int | None = None

    def __str__(self) -> str:
        return str(self.reached) if self.total is None else f"{self.reached}/{self.total}"


class Item(msgspec.Struct, frozen=True):
    """A function that was reached, or a line, or a feature in words; and how much of it."""

    name: str
    parts: Share


class Group(msgspec.Struct, frozen=True):
    """A source file or a kind of features: its items and their parts, and the items that were reached."""

    name: str
    items: Share
    parts: Share
    reached: tuple[Item, ...]


class ObserverSummary(msgspec.Struct, frozen=True):
    """What an observer has seen.

    Attributes:
        observer: its name.
        build: of the compiler; empty where that was not noted.
        form: what items are: `functions`, `lines`, `words`; empty if what was seen cannot be read here.
        parts: what parts of items are called.
        total: of the parts.
        items: functions, where there are some.
        groups: those with something reached, those with most of it first.
        notice: why there are no groups.
    """

    observer: str
    build: str
    form: str
    parts: str
    total: Share
    items: Share
    groups: tuple[Group, ...]
    notice: str


def summarize(read: Read) -> ObserverSummary:
    """Count what an observer has seen."""
    seen, layout = read.seen, read.layout
    if layout is None:
        share = Share(len(seen.features))
        return ObserverSummary(seen.observer, seen.build, "", "features", share, Share(0), (), read.notice)
    reached = positions(seen.features)
    hit = np.zeros(len(layout.items), np.int64)
    np.add.at(hit, layout.item[reached], 1)
    size = np.bincount(layout.item, minlength=len(layout.items))
    return ObserverSummary(
        seen.observer,
        seen.build,
        layout.form,
        layout.parts,
        _share(layout, len(reached), len(layout.item)),
        _share(layout, int(np.count_nonzero(hit)), len(layout.items)),
        _groups(layout, hit, size),
        "",
    )


def _groups(layout: Layout, hit: Positions, size: Positions) -> tuple[Group, ...]:
    of_item = layout.group_of_item()
    order = np.argsort(of_item, kind="stable")
    bounds = np.searchsorted(of_item[order], np.arange(len(layout.groups) + 1))
    found: list[Group] = []
    for position, name in enumerate(layout.groups):
        items = order[bounds[position] : bounds[position + 1]]
        some = items[hit[items] > 0]
        if not len(some):
            continue
        found.append(
            Group(
                name or UNKNOWN,
                _share(layout, len(some), len(items)),
                _share(layout, int(hit[items].sum()), int(size[items].sum())),
                tuple(
                    Item(layout.items[item], _share(layout, int(hit[item]), int(size[item]))) for item in some.tolist()
                ),
            )
        )
    return tuple(sorted(found, key=lambda group: (-group.parts.reached, group.name)))


def _share(layout: Layout, reached: int, total: int) -> Share:
    return Share(reached, total if layout.whole else None)
