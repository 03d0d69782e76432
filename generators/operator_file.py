"""Operators that were learned from a user's own calls: a file of them, a JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from tensorsmith.generators.rules.book import Entry, unknown_arguments
from tensorsmith.generators.rules.rule import parse_rule
from tensorsmith.generators.table import OperatorEntry
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import arg_refs
from tensorsmith.ir.operators import operator


class LearnedOperator(msgspec.Struct, frozen=True, omit_defaults=True):
    """An operator as a user's script calls it: its entry, and its rule if it is none of the table that ships.

    Of an operator of that table only the records count.
    """

    entry: OperatorEntry
    rule: Entry | None = None


def encode_operators(learned: Iterable[LearnedOperator]) -> bytes:
    """The content of a file of operators."""
    return b"".join(msgspec.json.encode(one) + b"\n" for one in learned)


def read_operators(path: Path) -> tuple[LearnedOperator, ...]:
    """The operators of a file; those of ATen that the installed torch lacks are left out.

    Raises:
        InvalidInputError: the file cannot be read or is none, or one of its operators is not registered.
    """
    decoder = msgspec.json.Decoder(LearnedOperator)
    found: list[LearnedOperator] = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        try:
            learned = decoder.decode(line)
            if learned.rule is not None:
                parse_rule(learned.rule.rule)
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidInputError) as error:
            raise InvalidInputError(f"{path}, line {number}: not a learned operator: {error}") from error
        if _is_registered(learned.entry.op):
            problem = _problem(learned)
            if problem is not None:
                raise InvalidInputError(f"{path}, line {number}: {learned.entry.op}: {problem}")
            found.append(learned)
        elif not learned.entry.op.startswith("aten."):
            raise InvalidInputError(
                f"{path}: operator `{learned.entry.op}` is not registered; name what registers it with --import"
            )
    if not found:
        raise InvalidInputError(f"{path}: no operators; `tensorsmith ops learn` writes such a file")
    return tuple(found)


def _problem(learned: LearnedOperator) -> str | None:
    """What makes an operator one that no call can be made of, or its rule one that says nothing of it."""
    entry = learned.entry
    unknown = () if learned.rule is None else unknown_arguments(learned.rule)
    if unknown:
        return f"its rule speaks of `{unknown[0]}`, which is no argument of it"
    if entry.out_of or not entry.records:
        return "has no calls of its own"
    most = len(operator(entry.op)._schema.arguments)
    for record in entry.records:
        args = (*record.args, *(arg for _, arg in record.kwargs))
        if len(args) > most:
            return f"a call has {len(args)} arguments of {most}"
        for id_ in (id_ for arg in args for id_ in arg_refs(arg)):
            if not 0 <= id_ < len(record.tensors):
                return f"a call refers to tensor {id_} of {len(record.tensors)}"
    return None


def _is_registered(op: str) -> bool:
    try:
        operator(op)
    except InvalidInputError:
        return False
    return True
