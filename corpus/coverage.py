"""What test cases reached, in the store of a campaign: for every observer a roaring bitmap of features by test case.

A feature is a number. Those of observers that name what they see have their names in a table of their own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from pyroaring import BitMap

Query = Callable[..., list[tuple[Any, ...]]]
Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


class Coverage:
    """The coverage of a campaign. Every method raises StoreError when the disk is full or the database is damaged."""

    def __init__(self, query: Query, transaction: Transaction) -> None:
        self._query = query
        self._transaction = transaction

    def numbers(self, observer: str) -> dict[str, int]:
        """The features that an observer has named, with their numbers."""
        return dict(self._query("SELECT name, number FROM features WHERE observer = ?", observer))

    def add_names(self, observer: str, names: Iterable[tuple[str, int]]) -> None:
        """Give features of an observer their numbers, for good."""
        rows = [(observer, number, name) for name, number in names]
        with self._transaction() as database:
            database.executemany("INSERT INTO features VALUES (?, ?, ?)", rows)

    def add(self, observer: str, case_id: str, first: BitMap, every: BitMap) -> None:
        """Note what a test case reached.

        Args:
            observer: that saw it.
            case_id: of the test case, which need not be in the corpus.
            first: what no test case reached before, which makes this one its owner.
            every: all that it reaches, as far as that is known.
        """
        row = (observer, case_id, len(first), first.serialize(), every.serialize())
        with self._transaction() as database:
            # A test case that is run again, when maps are made anew, owns what it owned.
            database.execute("INSERT OR IGNORE INTO reached VALUES (?, ?, ?, ?, ?)", row)

    def covered(self, observer: str) -> BitMap:
        """All features that an observer has seen."""
        rows = self._query("SELECT first FROM reached WHERE observer = ? AND news > 0", observer)
        return BitMap().union(*(BitMap.deserialize(blob) for (blob,) in rows))

    def counts(self) -> dict[str, int]:
        """Number of features by observer."""
        return dict(self._query("SELECT observer, sum(news) FROM reached GROUP BY observer"))

    def firsts(self) -> Iterator[tuple[str, str, BitMap]]:
        """What each test case owns: the observer, the id of the test case, the features."""
        for observer, case_id, blob in self._query("SELECT observer, case_id, first FROM reached WHERE news > 0"):
            yield observer, case_id, BitMap.deserialize(blob)

    def sets(self, observer: str) -> dict[str, BitMap]:
        """All that each test case reaches, by its id."""
        rows = self._query("SELECT case_id, every FROM reached WHERE observer = ?", observer)
        return {case_id: BitMap.deserialize(blob) for case_id, blob in rows}

    def observers(self) -> list[str]:
        """Those that have seen something."""
        return [name for (name,) in self._query("SELECT DISTINCT observer FROM reached ORDER BY observer")]

    def owner(self, observer: str, features: BitMap) -> str | None:
        """The id of the first test case that reached one of some features, or None if none did."""
        rows = self._query(
            """SELECT reached.case_id, first FROM reached LEFT JOIN corpus ON corpus.id = reached.case_id
            WHERE observer = ? AND news > 0 ORDER BY corpus.number""",
            observer,
        )
        return next((case_id for case_id, blob in rows if BitMap.deserialize(blob) & features), None)
