"""The operators that this process makes programs of: those of the table that ships, and those of a user's files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from msgspec.structs import replace

from tensorsmith.generators.operator_file import LearnedOperator
from tensorsmith.generators.rules.book import TRUSTED_RECALL, Entry, shipped_book
from tensorsmith.generators.rules.rule import Clause, Rule, parse_rule
from tensorsmith.generators.table import OperatorEntry, load_table
from tensorsmith.ir.errors import InvalidInputError

# Of the calls of a group's operators, the share that is of a user's own, if there are any.
OWN_SHARE = 0.25

_learned: list[LearnedOperator] = []
_disagreements = False


def use_operators(learned: Iterable[LearnedOperator]) -> None:
    """Make programs of these operators too. To be called before anything is made of the table."""
    _learned.extend(learned)
    _forget()


def _forget() -> None:
    for derived in (entries_in_use, book_in_use, rule_in_use, clauses_in_use, _own_weights):
        derived.cache_clear()


def keep_disagreements() -> None:
    """Make programs of calls too on which meta kernels and eager disagree: they are what is looked for.

    To be called once, before anything is made of the table.
    """
    global _disagreements
    _disagreements = True
    _forget()


@cache
def entries_in_use() -> Mapping[str, OperatorEntry]:
    """Every operator by name; one that the table that ships has gets the records that were learned as well."""
    found = {entry.op: entry for entry in load_table()}
    for learned in _learned:
        entry = learned.entry
        known = found.get(entry.op)
        if known is not None:
            entry = replace(known, records=tuple(dict.fromkeys((*known.records, *entry.records))))
        found[entry.op] = entry
    if _disagreements:
        # Only where they are known to disagree is a call checked with both.
        found = {op: replace(entry, meta_differs=False) for op, entry in found.items()}
    return found


def own_table() -> tuple[OperatorEntry, ...] | None:
    """Every operator in use; None if they are those of the table that ships."""
    return tuple(entries_in_use().values()) if _learned or _disagreements else None


def entry_in_use(op: str) -> OperatorEntry:
    """The entry of an operator.

    Raises:
        InvalidInputError: no program is made of it.
    """
    entry = entries_in_use().get(op)
    if entry is None:
        raise InvalidInputError(f"unknown operator `{op}`: no table has it")
    return entry


@cache
def book_in_use() -> Mapping[str, Entry]:
    """What was inferred about each operator, by name; of a user's own only if no rule book ships."""
    try:
        shipped = shipped_book()
    except FileNotFoundError:
        shipped = {}
    return {one.entry.op: one.rule for one in _learned if one.rule is not None} | shipped


@cache
def rule_in_use(op: str) -> Rule:
    """The rule of an operator if it admits nearly all that is accepted, else the empty one, which all calls satisfy."""
    inferred = book_in_use().get(op)
    return Rule() if inferred is None or inferred.recall < TRUSTED_RECALL else parse_rule(inferred.rule)


@cache
def clauses_in_use(op: str, tensor: str) -> tuple[Clause, ...]:
    """What the rule of an operator asks of the type of one tensor argument, whatever the others are."""
    return rule_in_use(op).about(tensor)


def weights_in_use(weights: Mapping[str, float]) -> dict[str, float]:
    """Factors for the chance of operators: those given, and greater ones for a user's own, which are few among many."""
    return {**weights, **{op: weight * weights.get(op, 1.0) for op, weight in _own_weights().items()}}


@cache
def _own_weights() -> Mapping[str, float]:
    shipped = {entry.op: entry for entry in load_table()}
    groups = Counter(entry.group for entry in shipped.values())
    own = {one.entry.op: one.entry.group for one in _learned if one.entry.op not in shipped}
    count = Counter(own.values())
    return {op: max(groups[g] / count[g] * OWN_SHARE / (1 - OWN_SHARE), 1.0) for op, g in own.items()}
