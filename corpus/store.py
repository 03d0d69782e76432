"""The store of a campaign: corpus, coverage, findings and counters, on disk before a call returns.

Small facts are rows of an SQLite database in WAL mode, so that others read while the engine writes; test cases are
content-addressed files in `blobs/`; what a person opens lies in `findings/`. A process killed at any time leaves all
that was stored before. Not for network file systems, where WAL does not work.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NoReturn

import msgspec

from tensorsmith.corpus.coverage import Coverage
from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.files import write_folder, write_whole
from tensorsmith.corpus.findings import Finding, Status
from tensorsmith.corpus.joined import Joined
from tensorsmith.corpus.lock import FILE_NAME as LOCK_FILE
from tensorsmith.corpus.schema import CHOICES_TABLE, create_database, open_database
from tensorsmith.corpus.schema import FILE_NAME as DATABASE_FILE
from tensorsmith.corpus.settings import FILE_NAME as SETTINGS_FILE
from tensorsmith.corpus.settings import Settings, read_settings, write_settings
from tensorsmith.ir.cases import Case, encode, load
from tensorsmith.ir.errors import InvalidInputError

# What a creation that was interrupted can have left, and what a person may have put there before.
_OWN_FILES = frozenset(
    {DATABASE_FILE, DATABASE_FILE + "-wal", DATABASE_FILE + "-shm", LOCK_FILE, "blobs", "findings", "known.toml"}
)

_finding_decoder = msgspec.json.Decoder(Finding)


class CorpusEntry(msgspec.Struct, frozen=True):
    """A test case worth mutating: why it was kept, the test case and mutator it came from, and when (epoch seconds)."""

    id: str
    why: str
    parent: str
    mutator: str
    added: float


class Store:
    """An open campaign directory. One process writes it at a time (`tensorsmith.corpus.lock`); any number read it.

    Every method raises StoreError when the disk is full or a file cannot be read or written; nothing is then half
    stored.
    """

    def __init__(self, directory: Path, settings: Settings, database: sqlite3.Connection) -> None:
        self.directory = directory
        self._settings = settings
        self._database = database
        self.coverage = Coverage(self._query, self._transaction)
        self.joined = Joined(self._query, self._transaction)

    @classmethod
    def create(cls, directory: Path, settings: Settings) -> Store:
        """Make a campaign directory and open it.

        Raises:
            InvalidInputError: the directory is a campaign already, or holds other things.
            StoreError: it cannot be written.
        """
        check_directory(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            others = {path.name for path in directory.iterdir()} - _OWN_FILES
            if SETTINGS_FILE in others:
                raise InvalidInputError(f"{directory}: a campaign already; open it instead")
            if others:
                raise InvalidInputError(
                    f"{directory}: not empty and not a campaign (it holds {min(others)}); name a new directory"
                )
            create_database((directory / DATABASE_FILE).absolute())
            for folder in ("blobs", "findings"):
                (directory / folder).mkdir(exist_ok=True)
        except (OSError, sqlite3.Error) as error:
            _cannot_write(directory, error)
        # Last, because this file makes the directory a campaign.
        write_settings(directory, settings)
        return cls.open(directory)

    @classmethod
    def open(cls, directory: Path) -> Store:
        """Open a campaign directory, to read it or to go on with it.

        Raises:
            InvalidInputError: it is no campaign directory, or its settings are damaged.
        """
        check_directory(directory)
        settings = read_settings(directory)
        return cls(directory, settings, open_database((directory / DATABASE_FILE).absolute()))

    def close(self) -> None:
        """Let go of the database file."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def settings(self) -> Settings:
        """The settings that `campaign.toml` has."""
        return self._settings

    def change_settings(self, settings: Settings) -> None:
        """Replace the settings, on disk too."""
        write_settings(self.directory, settings)
        self._settings = settings

    # Test cases

    def put_case(self, case: Case) -> str:
        """Store a test case, if it is not stored yet, and return its id."""
        id_ = case.id
        path = self.case_path(id_)
        if not path.exists():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, encode(case))
            except OSError as error:
                _cannot_write(self.directory, error)
        return id_

    def case(self, id_: str) -> Case:
        """A stored test case.

        Raises:
            InvalidInputError: there is none of this id, or its file is damaged.
        """
        return load(self.case_path(id_))

    def add_to_corpus(self, case: Case, why: str, parent: str = "", mutator: str = "") -> bool:
        """Keep a test case for mutation. Says whether it was new."""
        id_ = self.put_case(case)
        with self._transaction() as database:
            cursor = database.execute(
                "INSERT OR IGNORE INTO corpus (id, why, parent, mutator, added) VALUES (?, ?, ?, ?, ?)",
                (id_, why, parent, mutator, time.time()),
            )
            return cursor.rowcount == 1

    def corpus_size(self) -> int:
        """Number of test cases kept."""
        return int(self._query("SELECT count(*) FROM corpus")[0][0])

    def corpus(self) -> list[CorpusEntry]:
        """All that was kept, oldest first."""
        rows = self._query("SELECT id, why, parent, mutator, added FROM corpus ORDER BY number")
        return [CorpusEntry(*row) for row in rows]

    def sample_corpus(self, rng: Random) -> Case:
        """A test case of the corpus, each equally likely.

        Raises:
            LookupError: the corpus is empty.
        """
        size = self.corpus_size()
        if size == 0:
            raise LookupError("the corpus is empty")
        ((id_,),) = self._query("SELECT id FROM corpus WHERE number = ?", rng.randint(1, size))
        return self.case(id_)

    # Counters

    def add_counts(self, amounts: Mapping[str, float]) -> None:
        """Add to named counters, all or none; they start at 0 and add up over resumed runs."""
        with self._transaction() as database:
            database.executemany(
                "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET amount = amount + excluded.amount",
                amounts.items(),
            )

    def counts(self) -> dict[str, float]:
        """All counters, by name."""
        return dict(self._query("SELECT name, amount FROM counters"))

    # Argument choices

    def add_choices(self, hits: Mapping[str, int]) -> None:
        """Add to how often operators were called and argument choices made, all or none."""
        with self._transaction() as database:
            database.execute(CHOICES_TABLE)
            database.executemany(
                "INSERT INTO choices VALUES (?, ?) ON CONFLICT (choice) DO UPDATE SET hits = hits + excluded.hits",
                hits.items(),
            )

    def choices(self) -> dict[str, int] | None:
        """How often operators were called and argument choices made; None if the campaign never counted them."""
        if not self._query("SELECT 1 FROM sqlite_master WHERE name = 'choices'"):
            return None
        return dict(self._query("SELECT choice, hits FROM choices"))

    # Findings

    def finding_directory(self, id_: str) -> Path:
        """Where the files of a finding lie."""
        return self.directory / "findings" / id_

    def upsert_finding(self, finding: Finding, files: Mapping[str, str | bytes]) -> None:
        """Store a finding or what is newly known about one, and write its files (other files of it stay).

        A finding that a person marked as known stays so, and a link stays until there is another one. `seen` is not
        taken from here: see `record_observation`.
        """
        folder = self.finding_directory(finding.id)
        is_new = not folder.exists()
        try:
            with self._transaction() as database:
                database.execute(
                    """INSERT INTO findings VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data,
                    status = CASE WHEN status = 'known' THEN status ELSE excluded.status END,
                    link = CASE WHEN excluded.link = '' THEN link ELSE excluded.link END""",
                    (finding.id, finding.status, finding.link, msgspec.json.encode(finding)),
                )
                write_folder(folder, files)
        except StoreError:
            if is_new:  # the disk may fill up at the commit
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def merge_finding(self, id_: str, into: str) -> None:
        """Forget a finding that turned out to be another one, which takes over its observations."""
        with self._transaction() as database:
            database.execute("UPDATE observations SET finding = ? WHERE finding = ?", (into, id_))
            database.execute("DELETE FROM findings WHERE id = ?", (id_,))
            if self.joined.wholes():
                database.execute("UPDATE joined SET whole = ? WHERE whole = ?", (into, id_))
        # Only now: a folder without a row is nothing, a row without its folder is damage.
        shutil.rmtree(self.finding_directory(id_), ignore_errors=True)

    def record_observation(self, finding: str, case: str, seed: int) -> None:
        """Note that a finding was seen: the id of the test case, and the seed of the test."""
        with self._transaction() as database:
            database.execute("INSERT INTO observations VALUES (?, ?, ?, ?)", (finding, case, seed, time.time()))

    def every_finding(self) -> list[Finding]:
        """All findings, oldest first, those too that a person said are others; `seen` is what each has by itself."""
        rows = self._query(
            """SELECT data, status, link, (SELECT count(*) FROM observations WHERE finding = findings.id)
            FROM findings ORDER BY rowid"""
        )
        return [_finding(*row) for row in rows]

    def findings(self) -> list[Finding]:
        """All findings, oldest first, without those that a person said are others: these count for the others.

        A fixed finding is confirmed again when one that counts as it is.
        """
        every = {finding.id: finding for finding in self.every_finding()}
        for id_, whole in self.joined.wholes().items():
            part, whole_ = every.pop(id_, None), every.get(whole)
            if part is not None and whole_ is not None:
                again = whole_.status == "fixed" and part.status in ("confirmed", "flaky")
                status: Status = part.status if again else whole_.status
                every[whole] = msgspec.structs.replace(whole_, seen=whole_.seen + part.seen, status=status)
        return list(every.values())

    def finding(self, id_: str) -> Finding:
        """The finding of an id, or of the beginning of one if no other begins so; of one that a person said is another,
        that one.

        Raises:
            InvalidInputError: there is none, or there are several.
        """
        wholes = self.joined.wholes()
        begin_so = {wholes.get(f.id, f.id) for f in self.every_finding() if f.id.startswith(id_)}
        found = [finding for finding in self.findings() if finding.id in begin_so]
        if len(found) != 1 or not id_:
            problem = "several findings begin with this" if found else "there is none"
            raise InvalidInputError(
                f"{self.directory}: finding {id_!r}: {problem}; `tensorsmith findings {self.directory}` lists them"
            )
        return found[0]

    def observed(self, id_: str) -> list[str]:
        """The ids of the test cases that a finding, or one that counts as it, was seen in, in order."""
        ids = (id_, *self.joined.parts(id_))
        marks = ", ".join("?" * len(ids))
        rows = self._query(f"SELECT case_id FROM observations WHERE finding IN ({marks}) ORDER BY rowid", *ids)
        return list(dict.fromkeys(case_id for (case_id,) in rows))

    def split_off(self, finding: Finding, case_id: str, files: Mapping[str, str | bytes]) -> None:
        """Store a finding that takes over what another has seen of a test case."""
        self.upsert_finding(finding, files)
        with self._transaction() as database:
            database.execute("UPDATE observations SET finding = ? WHERE case_id = ?", (finding.id, case_id))

    def mark(self, id_: str, status: Status, link: str = "") -> Finding:
        """Set the status of a finding (id or beginning of one) and of those that count as it, and the link if one is
        given; returns it as it is now.

        May be called while an engine runs the campaign.
        """
        full = self.finding(id_).id
        with self._transaction() as database:
            database.executemany(
                "UPDATE findings SET status = ?, link = CASE WHEN ? = '' THEN link ELSE ? END WHERE id = ?",
                [(status, link, link, one) for one in (full, *self.joined.parts(full))],
            )
        return self.finding(full)

    def case_path(self, id_: str) -> Path:
        """Where the file of a stored test case is."""
        return self.directory / "blobs" / id_[:2] / f"{id_}.json"

    def _query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self.directory / DATABASE_FILE}: cannot be read: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        except (sqlite3.Error, OSError) as error:
            _cannot_write(self.directory, error)


def _finding(data: bytes, status: Status, link: str, seen: int) -> Finding:
    return msgspec.structs.replace(_finding_decoder.decode(data), status=status, link=link, seen=max(seen, 1))


def check_directory(directory: Path) -> None:
    """Refuse a path where a file is; one where nothing is may become a campaign.

    Raises:
        InvalidInputError: a file is there.
    """
    if directory.exists() and not directory.is_dir():
        raise InvalidInputError(f"{directory}: not a directory, so no campaign can be there; name another one")


def _cannot_write(directory: Path, error: OSError | sqlite3.Error) -> NoReturn:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    raise StoreError(
        f"{directory}: cannot be written: {reason}; what was stored is kept, so mend that and start again"
    ) from error
