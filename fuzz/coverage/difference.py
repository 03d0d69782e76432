"""What only one of two campaigns reached."""

from __future__ import annotations

import msgspec
import numpy as np
from pyroaring import BitMap

from tensorsmith.fuzz.coverage.readers.api import Layout, Positions, Seen
from tensorsmith.fuzz.coverage.seen import merged, positions, read
from tensorsmith.fuzz.coverage.summary import UNKNOWN


class Only(msgspec.Struct, frozen=True):
    """What one campaign reached in a group and the other did not.

    Attributes:
        items: functions, lines or features that the other did not reach at all.
        parts: blocks, lines or features that the other did not reach, of whatever items.
    """

    items: tuple[str, ...]
    parts: int


class GroupDifference(msgspec.Struct, frozen=True):
    """The difference in a source file, or in a kind of features."""

    name: str
    here: Only
    there: Only


class ObserverDifference(msgspec.Struct, frozen=True):
    """What an observer saw in one of two campaigns only.

    Attributes:
        observer: its name.
        form: of the items, as in `Layout`; empty where groups cannot be told.
        parts: what parts are called.
        here: parts in the first campaign only.
        there: parts in the second only.
        both: parts in both.
        groups: those with a difference, the greatest first.
        notice: why there are no groups, or why nothing could be compared.
    """

    observer: str
    form: str
    parts: str
    here: int
    there: int
    both: int
    groups: tuple[GroupDifference, ...]
    notice: str = ""


def difference(here: dict[str, Seen], there: dict[str, Seen]) -> list[ObserverDifference]:
    """What the observers of two campaigns saw in one of them only.

    Args:
        here: of the first campaign, by observer.
        there: of the second.
    """
    return [_of_observer(name, here.get(name), there.get(name)) for name in sorted({*here, *there})]


def _of_observer(name: str, here: Seen | None, there: Seen | None) -> ObserverDifference:
    if here is None or there is None:
        one = here or there
        assert one is not None
        count = len(one.features)
        notice = "only the first campaign has this observer" if there is None else "only the second has this observer"
        return ObserverDifference(name, "", "features", count * (here is one), count * (there is one), 0, (), notice)
    one, other = merged(here, there)
    only_here, only_there = one.features - other.features, other.features - one.features
    both = len(one.features & other.features)
    if here.build and there.build and here.build != there.build:
        notice = f"of different builds: {here.build}, {there.build}"
    else:
        notice = ""
    found = read(one)
    notice = "; ".join(filter(None, (notice, found.notice)))
    counts, layout = (len(only_here), len(only_there), both), found.layout
    if layout is None:
        return ObserverDifference(name, "", "features", *counts, (), notice)
    groups = _groups(layout, one.features, other.features)
    return ObserverDifference(name, layout.form, layout.parts, *counts, groups, notice)


def _groups(layout: Layout, here: BitMap, there: BitMap) -> tuple[GroupDifference, ...]:
    of_item = layout.group_of_item()
    sides = [_by_group(layout, of_item, mine, others) for mine, others in ((here, there), (there, here))]
    nothing = Only((), 0)
    found = [
        GroupDifference(layout.groups[group] or UNKNOWN, *(side.get(group, nothing) for side in sides))
        for group in sorted({*sides[0], *sides[1]})
    ]
    return tuple(sorted(found, key=lambda one: (-one.here.parts - one.there.parts, one.name)))


def _by_group(layout: Layout, of_item: Positions, mine: BitMap, others: BitMap) -> dict[int, Only]:
    """What is of `mine` only, by the position of the group."""
    only = positions(mine - others)
    parts = np.bincount(layout.group[only], minlength=len(layout.groups))
    items = np.setdiff1d(layout.item[only], layout.item[positions(others)])
    named: dict[int, list[str]] = {}
    for item in items.tolist():
        named.setdefault(int(of_item[item]), []).append(layout.items[item])
    return {int(group): Only(tuple(named.get(int(group), ())), int(parts[group])) for group in np.flatnonzero(parts)}
