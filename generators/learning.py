"""Learning operators from calls that were recorded in a user's own program, custom operators included."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tensorsmith.generators.exclusions import exclusion_reason
from tensorsmith.generators.harvest import MOST_RECORDS, entries, has_mask_index
from tensorsmith.generators.operator_file import LearnedOperator
from tensorsmith.generators.recorded_calls import pick_diverse
from tensorsmith.generators.rules.learn import learn_rule
from tensorsmith.generators.shrink import is_small, shrunk
from tensorsmith.generators.table import OperatorEntry, Record, full_table
from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.dtypes import FLOATS
from tensorsmith.ir.errors import GraphError, InvalidInputError
from tensorsmith.ir.graph import map_refs
from tensorsmith.ir.operators import changes_metadata, operator, undefined_reason
from tensorsmith.ir.recipe import Drawn
from tensorsmith.ir.torch_args import decode_arg
from tensorsmith.targets.inputs import make_tensor
from tensorsmith.targets.isolation import Died, Limits, run_isolated

LIMITS = Limits(seconds=60.0, rss_bytes=6 << 30)
# Large calls that are tried to be made small, of each operator.
MOST_LARGE = 20

_TOO_LARGE = "its calls are too large, and eager accepts none that were made smaller"


@dataclass(frozen=True)
class LeftOut:
    """An operator that programs cannot be made of, and why."""

    op: str
    reason: str


def learn_operators(calls: Mapping[str, Sequence[Record]]) -> Iterator[LearnedOperator | LeftOut]:
    """What calls teach of each operator, by name; operators of the table that ships get further records.

    Torch asks about calls in child processes, which may die of them; this process should run no threads of its own.
    """
    known = {entry.op: entry for entry in full_table().entries}
    for op in sorted(calls):
        entry = known.get(op)
        if entry is not None:
            yield _further_records(entry, calls[op])
        else:
            yield _learn(op, calls[op])


def _further_records(entry: OperatorEntry, calls: Sequence[Record]) -> LearnedOperator | LeftOut:
    """What calls add to an operator that the table has."""
    if entry.out_of:
        return LeftOut(entry.op, f"the table has it; calls of it are made as those of {entry.out_of}")
    records = _fitting(entry.op, calls)
    if not records:
        return LeftOut(entry.op, _TOO_LARGE)
    return LearnedOperator(OperatorEntry(entry.op, entry.group, entry.dtypes, records))


def _learn(op: str, calls: Sequence[Record]) -> LearnedOperator | LeftOut:
    reason = exclusion_reason(op) if op.startswith("aten.") else _custom_exclusion(op)
    if reason is not None:
        return LeftOut(op, reason)
    records = _fitting(op, calls)
    if not records:
        return LeftOut(op, _TOO_LARGE)
    if not op.startswith("aten."):
        reason = _broken_promise(op, records)
        if reason is not None:
            return LeftOut(op, reason)
    reasons: Counter[str] = Counter()
    with contextlib.redirect_stderr(io.StringIO()):  # what is excluded is returned here
        entry = next(entries({op: list(records)}, {}, reasons), None)
    if entry is None:
        return LeftOut(op, next(iter(reasons), "no usable call"))
    return LearnedOperator(entry, learn_rule(entry))


def _fitting(op: str, calls: Sequence[Record]) -> tuple[Record, ...]:
    """Diverse ones of the calls, those that are too large made smaller."""
    plain = [call for call in dict.fromkeys(calls) if not has_mask_index(op, call)]
    small = [call for call in plain if is_small(call)]
    if len(small) < MOST_RECORDS:
        large = pick_diverse([call for call in plain if not is_small(call)], MOST_LARGE)
        small += [made for call in large if (made := shrunk(op, call)) is not None]
    return pick_diverse(small, MOST_RECORDS)


def _custom_exclusion(op: str) -> str | None:
    """Why programs cannot have an operator of a user's own, as far as its schema and tags say."""
    overload = operator(op)
    if any(a.kwarg_only and a.alias_info is not None and a.alias_info.is_write for a in overload._schema.arguments):
        return "writes-out-argument"
    if any(r.alias_info is not None for r in overload._schema.returns):
        return "returns-an-alias"  # which torch.compile takes from ATen's operators only
    if changes_metadata(op):
        return "changes-metadata-in-place"
    if torch.Tag.dynamic_output_shape in overload.tags or torch.Tag.data_dependent_output in overload.tags:
        return "data-dependent-shape"
    return undefined_reason(op)


def _broken_promise(op: str, records: Sequence[Record]) -> str | None:
    """Why a compiler could not be blamed: no fake kernel, or writes and aliases that the schema does not declare."""
    problems = [_fake_problem(op, record) for record in records]
    if all(problems):
        return problems[0]
    answer = run_isolated(lambda: (_schema_problem(op, records[:3]) or "").encode(), LIMITS)
    if isinstance(answer, Died):
        return f"eager dies of it: {answer.cause}"
    return answer.payload.decode() or None


def _fake_problem(op: str, record: Record) -> str | None:
    builder = GraphBuilder()
    try:
        ids = {position: builder.input(type_) for position, type_ in enumerate(record.tensors)}
        builder.call(op, [map_refs(a, ids) for a in record.args], [(n, map_refs(a, ids)) for n, a in record.kwargs])
    except (GraphError, InvalidInputError) as error:
        reason = str(error).removeprefix(f"{op} rejects its arguments: ").split(". ")[0]
        return f"no working fake kernel (torch.library.register_fake): {reason}"
    return None


def _schema_problem(op: str, records: Sequence[Record]) -> str | None:
    for record in records:
        tensors = [
            # An integer may be an index.
            make_tensor(type_, Drawn("normal", p) if type_.dtype in FLOATS else Drawn("index", p, 1))
            for p, type_ in enumerate(record.tensors)
        ]
        args: Any = tuple(decode_arg(a, tensors.__getitem__, "cpu") for a in record.args)
        kwargs = {name: decode_arg(a, tensors.__getitem__, "cpu") for name, a in record.kwargs}
        found = torch.library.opcheck(operator(op), args, kwargs, test_utils="test_schema", raise_exception=False)
        said = found["test_schema"]
        if said != "SUCCESS":
            return f"it does not do what its schema says: {str(said).strip().splitlines()[0]}"
    return None
