"""The operator table: what was learned about each operator by asking PyTorch, and how it is read.

The table is data (`generators/data/*.jsonl`, a line an operator), written by
`python -m tensorsmith.generators.harvest`.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

import msgspec
import torch

from tensorsmith.generators.data_files import TABLE, data_folder, nearest_name, own_name
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError
from tensorsmith.ir.graph import Arg, TensorType
from tensorsmith.ir.operators import operator

# Of the operators that are missing, so many are named.
_NAMED = 3

Group = Literal["pointwise", "reduction", "view", "in-place", "indexing", "shape", "nn", "cast", "out", "other"]
GROUPS: tuple[Group, ...] = get_args(Group)

Guard = Literal["", "abs", "sigmoid", "tanh", "cosh"]


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call that was seen to work: a reference in the arguments is a position in `tensors`."""

    tensors: tuple[TensorType, ...]
    args: tuple[Arg, ...]
    kwargs: tuple[tuple[str, Arg], ...] = ()
    results: tuple[TensorType, ...] = ()


class Bound(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the values of an integer argument must stay below: they are in `[0, bound)`.

    `of` says how to get the bound: the size of dimension `dim` of the tensor argument `argument` (`dim` may be `dim`:
    the dimension that the call's own `dim` argument names, or `position`: the place in a list of index tensors), its
    number of elements, the value of the integer argument `argument`, or the number `constant` alone.
    """

    of: Literal["size", "numel", "value", "constant"]
    argument: str = ""
    dim: int | Literal["dim", "position"] = 0
    constant: int = 0


class OperatorEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One operator overload.

    Attributes:
        op: full name, such as `aten.add.Tensor`.
        group: what selection draws from first.
        dtypes: what eager PyTorch on the CPU accepts where the records have their main dtype (the first tensor's).
        records: calls that work, the raw material of new ones.
        any_shape: pointwise in the strong sense: every rank, size 0 and broadcasting between the tensors work.
        promotes: tensors of different dtypes may be mixed.
        bounds: integer arguments whose values must be in range, and what that range is.
        nonzero: arguments that must not be zero where they are integers.
        guard: an operator that brings normal values into the domain, where results are mostly NaN or Inf otherwise.
        distinct: index arguments that must not repeat, else the result depends on the order of writes.
        meta_differs: the meta kernel and eager were seen to disagree, so programs with it are checked with both.
        out_of: the operator that this one is the `out=` variant of; calls are made as that one's are.
    """

    op: str
    group: Group
    dtypes: tuple[DType, ...]
    records: tuple[Record, ...]
    any_shape: bool = False
    promotes: bool = False
    bounds: dict[str, Bound] = {}
    nonzero: tuple[str, ...] = ()
    guard: Guard = ""
    distinct: tuple[str, ...] = ()
    meta_differs: bool = False
    out_of: str = ""


class Table(msgspec.Struct, frozen=True):
    """The entries that the installed torch has, and the names of those that it lacks, or lacks the twin of."""

    entries: tuple[OperatorEntry, ...]
    missing: tuple[str, ...] = ()

    @property
    def by_group(self) -> dict[Group, tuple[OperatorEntry, ...]]:
        """Entries of each group; groups without entries are left out."""
        found: dict[Group, list[OperatorEntry]] = {}
        for entry in self.entries:
            found.setdefault(entry.group, []).append(entry)
        return {group: tuple(entries) for group, entries in found.items()}


def read_table(lines: bytes, source: str) -> Table:
    """Decode a table, a JSON object a line; operators that the installed torch lacks are set aside.

    Raises:
        InvalidInputError: a line is not an entry.
        EnvironmentLacksError: the installed torch has none of the operators.
    """
    decoder = msgspec.json.Decoder(OperatorEntry)
    entries: list[OperatorEntry] = []
    missing: list[str] = []
    for number, line in enumerate(lines.splitlines(), start=1):
        try:
            entry = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise InvalidInputError(f"{source}, line {number}: not an operator entry: {error}") from error
        try:
            operator(entry.op)
        except InvalidInputError:
            missing.append(entry.op)
        else:
            entries.append(entry)
    known = {entry.op for entry in entries}
    missing += [entry.op for entry in entries if entry.out_of and entry.out_of not in known]
    entries = [entry for entry in entries if not entry.out_of or entry.out_of in known]
    if not entries:
        raise EnvironmentLacksError(
            f"{source}: the installed torch has none of its {len(missing)} operators; "
            "write a table for it with `python -m tensorsmith.generators.harvest`"
        )
    return Table(tuple(entries), tuple(missing))


@cache
def full_table() -> Table:
    """The table that ships, with what the installed torch lacks set aside."""
    name = nearest_name(TABLE)
    return read_table((data_folder() / name).read_bytes(), name)


def table_notice() -> str:
    """What people should know who work with another torch than the table is of, in a line; empty if it is this one."""
    name, missing = nearest_name(TABLE), full_table().missing
    if name == own_name(TABLE) and not missing:
        return ""
    lacks = f", and lacks {len(missing)} of its operators ({', '.join(missing[:_NAMED])}, ...)" if missing else ""
    return (
        f"torch {torch.__version__} works with {name}{lacks}; operators that are new in it are not used. "
        "To change that: python -m tensorsmith.generators.harvest"
    )


def load_table() -> tuple[OperatorEntry, ...]:
    """The entries of the table that ships that the installed torch has."""
    return full_table().entries


@cache
def _entries() -> dict[str, OperatorEntry]:
    return {entry.op: entry for entry in load_table()}


def entry_of(op: str) -> OperatorEntry:
    """The entry of an operator.

    Raises:
        InvalidInputError: the table has no such operator.
    """
    entry = _entries().get(op)
    if entry is not None:
        return entry
    raise InvalidInputError(f"unknown operator `{op}`: {nearest_name(TABLE)} has none of that name")
