"""What test cases reached, in the store of a campaign: for every observer a roaring bitmap of features by test case.

A feature is a number. Those of observers that name what they see have their names in a table of their own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from pyroaring import BitMap

from tensorsmith.corpus.schema import LATER_TABLES

Query = Callable[..., list[tuple[Any, ...]]]
Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(frozen=True)
class Reached:
    """What a test case reached in the eyes of one observer.

    Attributes:
        observer: its name.
        first: what no test case reached before, which makes this one its owner; of numbers, as in `every`.
        every: all that it reaches, as far as that is known.
        names: of those of `first` that have one.
    """

    observer: str
    first: BitMap
    every: BitMap
    names: Mapping[int, str] = field(default_factory=dict)


class Coverage:
    """The coverage of a campaign. Every method raises StoreError when the disk is full or the database is damaged."""

    def __init__(self, query: Query, transaction: Transaction) -> None:
        self._query = query
        self._transaction = transaction

    def add(self, case_id: str, seconds: float, reached: Sequence[Reached]) -> None:
        """Note what a test case, which need not be in the corpus, reached, all or nothing.

        Args:
            case_id: its id.
            seconds: that it took.
            reached: by observer. What is known of it already stays.
        """
        names = [(one.observer, number, name) for one in reached for number, name in one.names.items()]
        rows = [
            (one.observer, case_id, len(one.first), one.first.serialize(), one.every.serialize()) for one in reached
        ]
        with self._transaction() as database:
            _make_later_tables(database)
            database.executemany("INSERT INTO features VALUES (?, ?, ?)", names)
            # A test case that is run again owns what it owned.
            database.executemany("INSERT OR IGNORE INTO reached VALUES (?, ?, ?, ?, ?)", rows)
            database.execute("INSERT OR IGNORE INTO runs VALUES (?, ?)", (case_id, seconds))

    def numbers(self, observer: str) -> dict[str, int]:
        """The features that an observer has named, with their numbers."""
        return dict(self._query("SELECT name, number FROM features WHERE observer = ?", observer))

    def covered(self, observer: str) -> BitMap:
        """All features that an observer has seen."""
        rows = self._query("SELECT first FROM reached WHERE observer = ? AND news > 0", observer)
        return BitMap().union(*(BitMap.deserialize(blob) for (blob,) in rows))

    def counts(self) -> dict[str, int]:
        """Number of features by observer."""
        return dict(self._query("SELECT observer, sum(news) FROM reached GROUP BY observer"))

    def observers(self) -> list[str]:
        """Those that have seen something."""
        return [name for (name,) in self._query("SELECT DISTINCT observer FROM reached ORDER BY observer")]

    def firsts(self) -> Iterator[tuple[str, str, BitMap]]:
        """What each test case owns: the observer, the id of the test case, the features.

        Those of the corpus come first, in the order in which they were kept.
        """
        rows = self._query(
            """SELECT observer, case_id, first FROM reached LEFT JOIN corpus ON corpus.id = reached.case_id
            WHERE news > 0 ORDER BY corpus.number IS NULL, corpus.number, case_id"""
        )
        for observer, case_id, blob in rows:
            yield observer, case_id, BitMap.deserialize(blob)

    def sets(self) -> Iterator[tuple[str, str, BitMap]]:
        """All that each test case reaches, as far as that is known: the observer, the id, the features."""
        rows = self._query("SELECT observer, case_id, every FROM reached ORDER BY observer, case_id")
        for observer, case_id, blob in rows:
            yield observer, case_id, BitMap.deserialize(blob)

    def seconds(self) -> dict[str, float]:
        """How long test cases took, by id; those that reached something new before that was noted are missing."""
        return dict(self._query("SELECT case_id, seconds FROM runs")) if self._has("runs") else {}

    def builds(self) -> dict[str, str]:
        """Which build of the compiler each observer saw what it saw of, where that was noted."""
        return dict(self._query("SELECT observer, build FROM builds")) if self._has("builds") else {}

    def set_builds(self, builds: Mapping[str, str]) -> None:
        """Note which build of the compiler observers see."""
        with self._transaction() as database:
            _make_later_tables(database)
            database.executemany("INSERT OR REPLACE INTO builds VALUES (?, ?)", builds.items())

    def forget(self, observers: Collection[str]) -> None:
        """Forget all that some observers saw, their names and builds included."""
        rows = [(observer,) for observer in observers]
        with self._transaction() as database:
            _make_later_tables(database)
            for table in ("features", "reached", "builds"):
                database.executemany(f"DELETE FROM {table} WHERE observer = ?", rows)

    def _has(self, table: str) -> bool:
        return bool(self._query("SELECT 1 FROM sqlite_master WHERE name = ?", table))


def _make_later_tables(database: sqlite3.Connection) -> None:
    for statement in LATER_TABLES:
        database.execute(statement)
