"""Findings that a person said are one, though their signatures differ. It can be undone, so nothing of them is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from tensorsmith.corpus.schema import JOINED_TABLE
from tensorsmith.ir.errors import InvalidInputError

Query = Callable[..., list[tuple[Any, ...]]]
Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


class Joined:
    """Which findings of a campaign count as others.

    Every method raises StoreError when the disk is full or the database is damaged.
    """

    def __init__(self, query: Query, transaction: Transaction) -> None:
        self._query = query
        self._transaction = transaction

    def wholes(self) -> dict[str, str]:
        """For each finding that counts as another, which one, itself none that counts as another."""
        if not self._query("SELECT 1 FROM sqlite_master WHERE name = 'joined'"):
            return {}
        into: dict[str, str] = dict(self._query("SELECT id, whole FROM joined"))
        return {id_: _last(id_, into) for id_ in into}

    def parts(self, whole: str) -> list[str]:
        """The findings that count as this one, in the order of their ids."""
        return sorted(id_ for id_, other in self.wholes().items() if other == whole)

    def join(self, id_: str, whole: str) -> None:
        """Let a finding, and what counts as it, count as another.

        Raises:
            InvalidInputError: they are one already.
        """
        wholes = self.wholes()
        if wholes.get(id_, id_) == wholes.get(whole, whole):
            raise InvalidInputError(f"{id_} and {whole} are one finding already")
        with self._transaction() as database:
            database.execute(JOINED_TABLE)
            database.execute("INSERT INTO joined VALUES (?, ?)", (wholes.get(id_, id_), wholes.get(whole, whole)))

    def part(self, id_: str) -> bool:
        """Let a finding count as itself again. Says whether it had counted as another."""
        if id_ not in self.wholes():
            return False
        with self._transaction() as database:
            database.execute("DELETE FROM joined WHERE id = ?", (id_,))
        return True


def _last(id_: str, into: dict[str, str]) -> str:
    while id_ in into:
        id_ = into[id_]
    return id_
