"""The tables of `store.sqlite`, and opening it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tensorsmith.corpus.errors import StoreError

FILE_NAME = "store.sqlite"

SCHEMA_VERSION = 2

# Not in campaigns that were begun before there were choices; they get it when they go on.
CHOICES_TABLE = """CREATE TABLE IF NOT EXISTS choices (
    choice TEXT PRIMARY KEY,
    hits INTEGER NOT NULL
) WITHOUT ROWID"""

# Only in campaigns where a person joined findings.
JOINED_TABLE = """CREATE TABLE IF NOT EXISTS joined (
    id TEXT PRIMARY KEY,
    whole TEXT NOT NULL  -- the finding that this one counts as
) WITHOUT ROWID"""

# Like the first.
LATER_TABLES = (
    """CREATE TABLE IF NOT EXISTS builds (
    observer TEXT PRIMARY KEY,
    build TEXT NOT NULL  -- of the compiler that it has seen all of its features of
) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS runs (
    case_id TEXT PRIMARY KEY,
    seconds REAL NOT NULL  -- of the CPU
) WITHOUT ROWID""",
)

_TABLES = """
CREATE TABLE corpus (
    number INTEGER PRIMARY KEY,  -- 1, 2, 3 ... without gaps: rows are never deleted
    id TEXT NOT NULL UNIQUE,
    why TEXT NOT NULL,
    parent TEXT NOT NULL,
    mutator TEXT NOT NULL,
    added REAL NOT NULL
);
CREATE TABLE features (  -- of observers that name what they see
    observer TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (observer, number)
) WITHOUT ROWID;
CREATE TABLE reached (
    observer TEXT NOT NULL,
    case_id TEXT NOT NULL,
    news INTEGER NOT NULL,  -- how many features it was the first to reach
    first BLOB NOT NULL,    -- which: a roaring bitmap
    every BLOB NOT NULL,    -- all that it reaches
    PRIMARY KEY (observer, case_id)
) WITHOUT ROWID;
CREATE TABLE findings (
    id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    link TEXT NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE observations (
    finding TEXT NOT NULL,
    case_id TEXT NOT NULL,
    seed INTEGER NOT NULL,
    seen REAL NOT NULL
);
CREATE INDEX observations_of ON observations (finding);
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    amount REAL NOT NULL
) WITHOUT ROWID;
"""


def create_database(path: Path) -> None:
    """Make the database file with empty tables; one that is there already stays.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    with closing(_connect(path.as_uri() + "?mode=rwc")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        if database.execute("PRAGMA user_version").fetchone() == (0,):
            database.executescript(f"BEGIN;{_TABLES}{CHOICES_TABLE};PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")


def open_database(path: Path) -> sqlite3.Connection:
    """Connect to a database that exists; transactions are begun by hand.

    Raises:
        StoreError: it is missing, damaged, or of another version of tensorsmith.
    """
    if not path.exists():
        raise StoreError(f"{path}: missing, so the campaign cannot be read; restore it or start another directory")
    mode = "mode=rw"
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        # Without its log a database that nobody can change reads as it is; with it, the log must be read too.
        mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"
    try:
        database = _connect(f"{path.as_uri()}?{mode}")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be read: {error}") from error
    if version != SCHEMA_VERSION:
        database.close()
        if version == 0:
            raise StoreError(f"{path}: empty, so the campaign cannot be read; restore it or start another directory")
        raise StoreError(
            f"{path}: written by another version of tensorsmith (its format is {version}, "
            f"this one reads {SCHEMA_VERSION}); use that version or start another directory"
        )
    return database


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, timeout=30.0, isolation_level=None, uri=True)
