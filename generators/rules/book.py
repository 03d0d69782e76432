"""The rule book: what was inferred about each operator, one line an operator, and how well it holds."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import msgspec

from tensorsmith.generators.data_files import BOOK, data_folder, nearest_name
from tensorsmith.generators.rules.rule import parse_rule
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.operators import parameters

# Calls that a rule with less recall excludes may well be good ones: it is not used.
TRUSTED_RECALL = 0.9

# Nearly all calls that a rule with more precision admits work.
SHARP_PRECISION = 0.95

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Entry(msgspec.Struct, frozen=True):
    """The rule of an operator.

    An `out=` variant has the rule of the operator that it is a variant of. It is asked about the same calls, with an
    `out=` of the right type, and the answers that are counted are its own.

    Attributes:
        op: full name, such as `aten.add.Tensor`.
        rule: its clauses; a call must satisfy all of them.
        accepts: calls that it was inferred from and that the operator accepts.
        rejects: calls that it was inferred from and that the operator rejects.
        precision: of held-out calls that satisfy the rule, the share that the operator accepts.
        recall: of held-out calls that the operator accepts, the share that satisfy the rule.
        held_out: how many held-out calls there were: calls that it was not inferred from.
    """

    op: str
    rule: tuple[str, ...]
    accepts: int
    rejects: int
    precision: Share
    recall: Share
    held_out: int


def read_book(lines: bytes, source: str) -> dict[str, Entry]:
    """Decode a rule book, a JSON object a line, by operator; every rule in it can be read.

    Raises:
        InvalidInputError: a line is no entry, or holds a rule that means nothing; the message names the line.
    """
    decoder = msgspec.json.Decoder(Entry)
    found: dict[str, Entry] = {}
    for number, line in enumerate(lines.splitlines(), start=1):
        try:
            entry = decoder.decode(line)
            parse_rule(entry.rule)
        except (msgspec.DecodeError, InvalidInputError) as error:
            raise InvalidInputError(f"{source}, line {number}: {error}") from error
        found[entry.op] = entry
    return found


def unknown_arguments(entry: Entry) -> tuple[str, ...]:
    """What a rule speaks of and the operator of the installed torch has no argument of: of that nothing is asked.

    Reading a book does not refuse it: another version of torch may call an argument something else.
    """
    return tuple(sorted(parse_rule(entry.rule).arguments() - {p.name for p in parameters(entry.op)}))


@cache
def shipped_book() -> dict[str, Entry]:
    """The rule book that ships."""
    name = nearest_name(BOOK)
    return read_book((data_folder() / name).read_bytes(), name)
