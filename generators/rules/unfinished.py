"""What a stopped run of learning has left: a file of the rules that it has learned, after a line that says of what."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import torch

from tensorsmith.generators.rules.book import Entry
from tensorsmith.generators.table import OperatorEntry
from tensorsmith.ir.errors import InvalidInputError


class Run(msgspec.Struct, frozen=True):
    """What a run depends on: runs that differ in it learn other rules.

    Attributes:
        torch: its version.
        table: the hash of the operators' entries.
        questions: how many questions a rule is inferred from.
        held_out: how many it is measured on.
    """

    torch: str
    table: str
    questions: int
    held_out: int

    @staticmethod
    def of(table: Sequence[OperatorEntry], questions: int, held_out: int) -> Run:
        """The run that learns the rules of a table with the installed torch."""
        digest = sha256(msgspec.json.encode(table)).hexdigest()[:16]
        return Run(str(torch.__version__), digest, questions, held_out)


def take_up(part: Path, run: Run) -> dict[str, Entry]:
    """The rules in a file that a stopped run left, by operator; further ones can be appended to the file.

    A file that a run other than this one left is discarded, with a line on standard error. Half a line at the end, of
    a run that was killed, is cut off. If there is no file it is made.

    Raises:
        InvalidInputError: a line is no entry; the message names it.
    """
    first, *lines = (part.read_bytes() if part.exists() else b"").split(b"\n")[:-1] or [b""]
    if first != msgspec.json.encode(run):
        if part.exists():
            print(f"{part}: left by a run with another torch or table, or other questions: discarded", file=sys.stderr)
        part.write_bytes(msgspec.json.encode(run) + b"\n")
        return {}
    decoder = msgspec.json.Decoder(Entry)
    found: dict[str, Entry] = {}
    for number, line in enumerate(lines, start=2):
        try:
            entry = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidInputError(f"{part}, line {number}: no rule: {error}; delete it to start anew") from error
        found[entry.op] = entry
    part.write_bytes(b"".join(line + b"\n" for line in (first, *lines)))
    return found
