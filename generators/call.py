"""A call in the making: the recorded call that it starts from, and what has been chosen so far."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

from tensorsmith.generators.bounds import Slots
from tensorsmith.generators.draft import Draft
from tensorsmith.generators.probe import main_dtype
from tensorsmith.generators.table import OperatorEntry, Record
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.graph import TensorType
from tensorsmith.ir.operators import written_arguments


class Form(NamedTuple):
    """What is the same for all calls that are made of a record; it keeps the record, whose identity finds it, alive."""

    record: Record
    slots: Slots
    main: DType | None
    plain: tuple[int, ...]  # tensor positions whose values have no range to keep
    written: frozenset[int]  # tensor positions that the operator writes to


_forms: dict[tuple[str, int], Form] = {}


def form_of(entry: OperatorEntry, record: Record) -> Form:
    """The form of a record of an operator, worked out once for each record object."""
    found = _forms.get((entry.op, id(record)))
    if found is None:
        slots = Slots.of(entry.op, record)
        plain = tuple(p for p in range(len(record.tensors)) if slots.names.get(p) not in entry.bounds)
        written = frozenset(p for p in plain if slots.names.get(p) in written_arguments(entry.op))
        found = _forms[entry.op, id(record)] = Form(record, slots, main_dtype(record), plain, written)
    return found


@dataclass
class Call:
    """A call in the making: the record that it starts from, and what has been chosen so far."""

    draft: Draft
    rng: random.Random
    entry: OperatorEntry
    form: Form
    dtype: DType | None
    sizes: dict[int, int]
    chosen: dict[int, int]  # tensor position of the record -> value
    out_op: str = ""  # the variant with an `out=` argument to use in the operator's place

    @property
    def record(self) -> Record:
        """The record that it starts from."""
        return self.form.record

    @property
    def slots(self) -> Slots:
        """The arguments of the record."""
        return self.form.slots

    def targets(self) -> list[int]:
        """What the call writes to, as far as it is chosen."""
        return [self.chosen[position] for position in self.form.written if position in self.chosen]

    def type(self, position: int) -> TensorType:
        """The type that the record has at a position, in the chosen dtype."""
        type_ = self.record.tensors[position]
        if self.dtype is not None and type_.dtype == self.form.main:
            return TensorType(self.dtype, type_.shape)
        return TensorType(type_.dtype, type_.shape)
