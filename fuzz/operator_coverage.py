"""Which operators, dtypes and argument choices the programs of a campaign had, of those that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tensorsmith.generators.choices import Choice, parse_choice
from tensorsmith.generators.in_use import book_in_use, entries_in_use, entry_in_use, rule_in_use
from tensorsmith.generators.possible_choices import possible_choices
from tensorsmith.generators.rules.book import SHARP_PRECISION
from tensorsmith.generators.table import OperatorEntry
from tensorsmith.ir.dtypes import DTYPES


class Share(msgspec.Struct, frozen=True):
    """How many of a number were hit."""

    hit: int
    possible: int

    def __str__(self) -> str:
        return f"{self.hit}/{self.possible}"


class Hits(msgspec.Struct, frozen=True):
    """How often a choice was made; `argument` is empty for what is true of the call as a whole."""

    argument: str
    value: str
    hits: int


class Coverage(msgspec.Struct, frozen=True):
    """What of one operator was hit.

    Attributes:
        name: its name without the overload, such as `aten.add`.
        overload: its overload, such as `Tensor`.
        group: its group in the table, empty for an operator that no table has.
        calls: how many calls of it the programs had.
        dtypes: how many of the calls were about each dtype that it takes.
        choices: how often each choice was made that there is, and each that was made.
    """

    name: str
    overload: str
    group: str
    calls: int
    dtypes: dict[str, int]
    choices: tuple[Hits, ...]

    @property
    def op(self) -> str:
        """The full name."""
        return f"{self.name}.{self.overload}"

    @property
    def never(self) -> tuple[Hits, ...]:
        """The choices that were never made."""
        return tuple(choice for choice in self.choices if not choice.hits)


class Summary(msgspec.Struct, frozen=True):
    """The shares that were hit.

    Attributes:
        overloads: of the overloads of the tables.
        operators: of their operators, whatever the overload.
        sharp_overloads: of the overloads whose rule has a precision of `SHARP_PRECISION` or more.
        sharp_operators: of the operators that have such an overload; hit is one with a call of such an overload.
        dtypes: of the dtypes that each overload takes, all overloads together.
        choices: of the argument choices that each overload has, all overloads together.
    """

    overloads: Share
    operators: Share
    sharp_overloads: Share
    sharp_operators: Share
    dtypes: Share
    choices: Share


def coverage(counts: Mapping[str, int]) -> tuple[Coverage, ...]:
    """What the programs of a campaign had, by operator: those of the tables in use, then others that were called.

    Args:
        counts: what `generators.choices.count_choices` counted.
    """
    made: dict[str, dict[Choice, int]] = {}
    for text, hits in counts.items():
        if " " in text:
            choice = parse_choice(text)
            made.setdefault(choice.op, {})[choice] = hits
    entries = entries_in_use()
    others = sorted(text for text in counts if " " not in text and text not in entries)
    found = [_of_entry(entry, counts.get(op, 0), made.get(op, {})) for op, entry in entries.items()]
    found += [_coverage(op, "", counts[op], (), made.get(op, {})) for op in others]
    return tuple(found)


def summary(covered: Sequence[Coverage]) -> Summary:
    """The sums over the operators of the tables; an operator that no table has counts nowhere."""
    known = [one for one in covered if one.group]
    book = book_in_use()
    sharp = [one for one in known if one.op in book and book[one.op].precision >= SHARP_PRECISION]
    return Summary(
        overloads=Share(sum(one.calls > 0 for one in known), len(known)),
        operators=_operators(known),
        sharp_overloads=Share(sum(one.calls > 0 for one in sharp), len(sharp)),
        sharp_operators=_operators(sharp),
        dtypes=_sum([dtypes_share(one) for one in known]),
        choices=_sum([choices_share(one) for one in known]),
    )


def _operators(covered: Sequence[Coverage]) -> Share:
    """How many of these overloads' operators were hit."""
    return Share(len({one.name for one in covered if one.calls}), len({one.name for one in covered}))


def dtypes_share(one: Coverage) -> Share:
    """How many of the dtypes that an operator takes were hit."""
    return Share(sum(hits > 0 for hits in one.dtypes.values()), len(one.dtypes))


def choices_share(one: Coverage) -> Share:
    """How many of an operator's choices were hit."""
    return Share(len(one.choices) - len(one.never), len(one.choices))


def _of_entry(entry: OperatorEntry, calls: int, made: Mapping[Choice, int]) -> Coverage:
    records = (entry_in_use(entry.out_of) if entry.out_of else entry).records
    possible = possible_choices(entry, records, rule_in_use(entry.op))
    return _coverage(entry.op, entry.group, calls, possible, made)


def _coverage(op: str, group: str, calls: int, possible: Sequence[Choice], made: Mapping[Choice, int]) -> Coverage:
    name, _, overload = op.rpartition(".")
    every = dict.fromkeys(possible, 0) | dict(made)
    dtypes = {choice.value: hits for choice, hits in every.items() if _is_dtype(choice)}
    choices = tuple(Hits(c.argument, c.value, hits) for c, hits in every.items() if not _is_dtype(c))
    return Coverage(name, overload, group, calls, dtypes, choices)


def _is_dtype(choice: Choice) -> bool:
    return not choice.argument and choice.value in DTYPES


def _sum(shares: Sequence[Share]) -> Share:
    return Share(sum(share.hit for share in shares), sum(share.possible for share in shares))
