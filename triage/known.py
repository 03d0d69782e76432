"""The registry of known bugs, `known.toml`: failures that someone has reported already, told from new ones.

A file has one table `[[bug]]` for each. All that an entry says of a failure must hold; what it does not say is free.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path
from typing import get_args

import msgspec
from packaging.version import InvalidVersion, Version

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.oracles.verdict import Kind

FILE_NAME = "known.toml"

_PATTERN = ("target", "kind", "guilty", "operators", "message")
_REST = ("link", "fixed_in", "note")


class KnownBug(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A known bug: how its failures are told, where it is discussed, and the first release without it.

    `target`, `guilty` and `operators` are shell patterns. A failure is about `operators` if every operator of its
    reduced program matches one of them and each of them matches one. `message` is a regular expression, looked for in
    the summary of the failure. `fixed_in` is a distribution and a version, such as `apache-tvm 0.28`: from that version
    on the bug is not known any more.
    """

    target: str = ""
    kind: Kind | None = None
    guilty: str = ""
    operators: tuple[str, ...] = ()
    message: str = ""
    link: str = ""
    fixed_in: str = ""
    note: str = ""

    @property
    def id(self) -> str:
        """Twelve hex digits that name what the entry tells failures by."""
        pattern = [getattr(self, name) for name in _PATTERN]
        return hashlib.sha256(msgspec.json.encode(pattern)).hexdigest()[:12]

    @property
    def name(self) -> str:
        """What people call it: its link, or its note, or what it is told by."""
        told_by = ", ".join(f"{name} {getattr(self, name)}" for name in _PATTERN if getattr(self, name))
        return self.link or self.note or told_by


class Failure(msgspec.Struct, frozen=True):
    """What an entry is compared with. `summary` is the first line of the message; `operators` are those of the reduced
    program, None if it was not reduced."""

    target: str
    kind: Kind | None
    guilty: str
    summary: str
    operators: tuple[str, ...] | None


def summary_of(message: str) -> str:
    """The part of a message that lists of findings show."""
    return message.split("\n")[0][:300]


def matching(bugs: Sequence[KnownBug], failure: Failure) -> KnownBug | None:
    """The first entry that tells this failure, or None; one that the installed release is not to have comes last."""
    return min((bug for bug in bugs if _tells(bug, failure)), key=is_fixed_here, default=None)


def is_fixed_here(bug: KnownBug) -> bool:
    """Whether the entry says that the installed release does not have the bug; what is not installed is not fixed."""
    if not bug.fixed_in:
        return False
    name, version = bug.fixed_in.split()
    try:
        return Version(metadata.version(name)) >= Version(version)
    except metadata.PackageNotFoundError:
        return False


def read_known(path: Path) -> tuple[KnownBug, ...]:
    """Read a registry.

    Raises:
        InvalidInputError: it cannot be read, or an entry is not as it should be; one line names file, entry and field.
    """
    try:
        read = msgspec.toml.decode(path.read_bytes())
    except OSError as error:
        raise InvalidInputError(f"{path}: the registry of known bugs cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path}: not TOML: {error}") from error
    others = read.keys() - {"bug"}
    tables = read.get("bug", [])
    if others or not isinstance(tables, list):
        wrong = min(others, default="bug")
        raise InvalidInputError(f"{path}: `{wrong}` means nothing here; begin each known bug with a line `[[bug]]`")
    return tuple(_entry(table, f"{path}: bug {number}") for number, table in enumerate(tables, 1))


def read_all_known(paths: Iterable[Path]) -> tuple[KnownBug, ...]:
    """The bugs of several registries.

    Raises:
        InvalidInputError: one cannot be read.
    """
    return tuple(bug for path in paths for bug in read_known(path))


def known_beside(folder: Path, files: Sequence[str | Path] = ()) -> tuple[KnownBug, ...]:
    """The registry that lies in a folder, if there is one, and those of further files.

    Raises:
        InvalidInputError: one cannot be read.
    """
    own = folder / FILE_NAME
    return read_all_known(dict.fromkeys([*([own] if own.exists() else []), *(folder / file for file in files)]))


def _entry(table: object, where: str) -> KnownBug:
    try:
        bug = msgspec.convert(table, KnownBug)
    except msgspec.ValidationError as error:
        field = str(error).partition(" - at `$.")[2].rstrip("`")
        what = str(error).partition(" - at ")[0]
        remedy = f"one of {', '.join(get_args(Kind))}" if field == "kind" else f"fields: {', '.join(_PATTERN + _REST)}"
        raise InvalidInputError(f"{where}: {f'{field}: ' if field else ''}{what} ({remedy})") from error
    if not any(getattr(bug, name) for name in _PATTERN):
        raise InvalidInputError(f"{where}: tells no failure; give at least one of {', '.join(_PATTERN)}")
    try:
        re.compile(bug.message)
    except re.error as error:
        raise InvalidInputError(
            f"{where}: message: not a regular expression: {error}; put a backslash before what is meant as it is, "
            "and the whole into single quotes"
        ) from error
    if bug.fixed_in and not _is_release(bug.fixed_in):
        raise InvalidInputError(
            f'{where}: fixed_in: not a distribution and a version: {bug.fixed_in!r}; write it as "apache-tvm 0.28"'
        )
    return bug


def _is_release(text: str) -> bool:
    try:
        _, version = text.split()
        Version(version)
    except (ValueError, InvalidVersion):
        return False
    return True


def _tells(bug: KnownBug, failure: Failure) -> bool:
    return (
        (not bug.target or fnmatchcase(failure.target, bug.target))
        and bug.kind in (None, failure.kind)
        and (not bug.guilty or fnmatchcase(failure.guilty, bug.guilty))
        and (not bug.message or re.search(bug.message, failure.summary) is not None)
        and (not bug.operators or _is_about(failure.operators or (), bug.operators))
    )


def _is_about(operators: Sequence[str], patterns: Sequence[str]) -> bool:
    every = all(any(fnmatchcase(operator, pattern) for pattern in patterns) for operator in operators)
    return every and all(any(fnmatchcase(operator, pattern) for operator in operators) for pattern in patterns)
