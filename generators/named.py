"""Operators by the names that a person gives them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from tensorsmith.generators.in_use import entries_in_use
from tensorsmith.generators.table import OperatorEntry
from tensorsmith.ir.errors import InvalidInputError

_NEAREST = 4


def entries_named(names: Iterable[str]) -> tuple[OperatorEntry, ...]:
    """The operators with these names: `aten.add` is every overload of `add`, `aten.add.Tensor` the one.

    Raises:
        InvalidInputError: there are no names, or no program is made of an operator of that name.
    """
    if isinstance(names, str):
        raise InvalidInputError(f"operators are given as a list of names: [{names!r}]")
    table = entries_in_use()
    found: dict[str, OperatorEntry] = {}
    for name in names:
        chosen = {op: entry for op, entry in table.items() if name in (op, _base(op))}
        if not chosen:
            nearest = ", ".join(f"`{op}`" for op in _nearest(name))
            remedy = f"the nearest are {nearest}" if nearest else "`tensorsmith ops` lists those that there are"
            raise InvalidInputError(f"no programs are made of an operator `{name}`; {remedy}")
        found.update(chosen)
    if not found:
        raise InvalidInputError("no operators are given")
    return tuple(found.values())


def _base(op: str) -> str:
    """The name without the overload."""
    return op.rpartition(".")[0]


def _nearest(name: str) -> list[str]:
    """Names that are like one that there is not: overloads of the same operator, else operators."""
    ops = list(entries_in_use())
    overloads = [op for op in ops if _base(op) == _base(name)]
    if overloads:
        return get_close_matches(name, overloads, _NEAREST, 0)
    # What is compared leaves the namespace out, which would make all of them alike.
    bases = {base.partition(".")[2]: base for base in map(_base, ops)}
    parts = name.removeprefix("torch.").removeprefix("ops.").removeprefix("aten.").split(".")
    return [bases[match] for match in get_close_matches(parts[0], bases, _NEAREST, 0.6)]
