"""Which test was the first to reach a source file, a function, or anything that an observer names."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec
import numpy as np

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.coverage.readers.api import Layout
from tensorsmith.fuzz.coverage.seen import Read, items_in_order


class FirstTest(msgspec.Struct, frozen=True):
    """What reached a place first.

    Attributes:
        observer: that saw it.
        place: a source file, or a function, a line or a feature.
        test: the id of the test case; None: no test reached it.
        path: of the test case, if it was kept.
        added: when it was kept, in seconds since the epoch.
        others: how many later tests reached more of the place.
    """

    observer: str
    place: str
    test: str | None
    path: str | None
    added: float | None
    others: int


def first_tests(store: Store, read: Read, pattern: str) -> list[FirstTest]:
    """The first test at each place of an observer that a pattern names.

    A pattern is the end of a path, such as `simplify.cc` or `arith/simplify.cc`, the name of a function or a feature;
    if there is none of that name, a part of one; with `*` and `?` it is matched as a shell does.
    """
    layout = read.layout
    if layout is None:
        return []
    groups = _named(layout.groups, pattern) if layout.form != "words" else []
    if groups:
        of_item = layout.group_of_item()
        place = np.full(len(layout.groups), -1)
        place[groups] = np.arange(len(groups))
        place_of_item = place[of_item]
        names = [layout.groups[group] for group in groups]
    else:
        every = _item_names(layout)
        chosen = _named(every, pattern)
        place_of_item = np.full(len(layout.items), -1)
        place_of_item[chosen] = np.arange(len(chosen))
        names = [every[item] for item in chosen]
    tests: list[list[str]] = [[] for _ in names]
    for case_id, items in items_in_order(store, read.seen.observer, layout):
        for position in np.unique(place_of_item[items]):
            if position >= 0:
                tests[position].append(case_id)
    added = {entry.id: entry.added for entry in store.corpus()}
    return [_first(store, read.seen.observer, name, ids, added) for name, ids in zip(names, tests, strict=True)]


def _first(store: Store, observer: str, place: str, ids: list[str], added: dict[str, float]) -> FirstTest:
    if not ids:
        return FirstTest(observer, place, None, None, None, 0)
    kept = ids[0] in added
    path = str(store.case_path(ids[0])) if kept else None
    return FirstTest(observer, place, ids[0], path, added.get(ids[0]), len(ids) - 1)


def _item_names(layout: Layout) -> tuple[str, ...]:
    if layout.form != "lines":
        return layout.items
    of_item = layout.group_of_item()
    return tuple(f"{layout.groups[of_item[item]]}:{line}" for item, line in enumerate(layout.items))


def _named(names: tuple[str, ...], pattern: str) -> list[int]:
    """The positions of names that a pattern names: whole ones if there are some, else those that have it in them."""
    whole = [at for at, name in enumerate(names) if name == pattern or name.endswith(f"/{pattern}")]
    if whole:
        return whole
    if set(pattern) & set("*?["):
        return [at for at, name in enumerate(names) if name and fnmatchcase(name, f"*{pattern}")]
    return [at for at, name in enumerate(names) if pattern in name]
