"""The tensors that a call reads: values that the draft has, views of them, or new inputs."""

from __future__ import annotations

from collections.abc import Sequence

from tensorsmith.generators.call import Call
from tensorsmith.generators.draft import Draft
from tensorsmith.generators.in_use import clauses_in_use
from tensorsmith.generators.inputs import LARGEST, random_dtype, random_size
from tensorsmith.generators.rules.rule import Clause
from tensorsmith.generators.rules.terms import View
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Ref, TensorType

REUSED = 0.85  # how often an argument is a value that the graph has, where one fits
_CONSTANT = 0.06  # how often an operand that is new is a constant of the program


def may_read(call: Call, value: int, targets: Sequence[int]) -> bool:
    """Whether the call may read a value beside what it writes to."""
    return all(call.draft.builder.may_read(call.entry.op, value, target) for target in targets)


def choose_dtype(call: Call) -> DType:
    """A dtype that the operator accepts, mostly one that some value has."""
    accepted = call.entry.dtypes
    if call.rng.random() < REUSED:
        found = call.draft.pick(call.rng, lambda _, t: t.dtype in accepted)
        if found is not None:
            return call.draft.type(found).dtype
    return random_dtype(call.rng, accepted)


def pick_main(call: Call, position: int, any_rank: bool) -> int:
    """The value that the call is built around."""
    draft, rng = call.draft, call.rng
    wanted = call.type(position)
    written = position in call.form.written
    if rng.random() < REUSED:
        name = call.slots.names[position]
        clauses = clauses_in_use(call.entry.op, name)
        found = draft.pick(
            rng,
            lambda i, t: (
                t.dtype == wanted.dtype
                and (any_rank or len(t.shape) == len(wanted.shape))
                and (not written or draft.writable(i))
                and (not clauses or _satisfies(clauses, name, t))
            ),
        )
        if found is not None:
            return found
    shape = wanted.shape
    if call.entry.any_shape or rng.random() < 0.7:
        replaced = {n: random_size(rng) for n in dict.fromkeys(shape)}
        shape = tuple(replaced[n] if n != 1 or rng.random() < 0.3 else n for n in shape)
    while TensorType("bool", shape).numel > LARGEST // 2:
        shape = tuple((n + 1) // 2 for n in shape)
    return fresh(call, wanted.dtype, shape, written)


def _satisfies(clauses: Sequence[Clause], name: str, type_: TensorType) -> bool:
    view = View({name: Ref(0)}, {0: type_})
    return all(clause.holds(view) for clause in clauses)


def fresh(call: Call, dtype: DType, shape: tuple[int, ...], written: bool) -> int:
    """A new input, or now and then a constant, of a dtype and shape; `written` if the operator writes to it.

    Raises:
        GraphError: it is larger than an input should be.
    """
    if TensorType(dtype, shape).numel > LARGEST:
        raise GraphError(f"{call.entry.op}: too large an input: {shape}")
    if written:
        return call.draft.fresh_writable(call.rng, dtype, shape)
    if call.rng.random() < _CONSTANT:
        return call.draft.constant(call.rng, dtype, shape)
    return call.draft.fresh(call.rng, dtype, shape)


def resized(call: Call, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape of the record with every size replaced by what took its place."""
    return tuple(call.sizes.get(n, n) for n in shape)


def exact(call: Call, dtype: DType, shape: tuple[int, ...], written: bool) -> int:
    """A value of a dtype and shape: one that the draft has, a view of one, or a new input."""
    draft, rng, targets = call.draft, call.rng, call.targets()
    if rng.random() < REUSED:
        found = draft.pick(
            rng,
            lambda i, t: (
                t.dtype == dtype
                and t.shape == shape
                and (not written or draft.writable(i))
                and (not targets or may_read(call, i, targets))
            ),
        )
        if found is not None:
            return found
    if not written and not targets and rng.random() < 0.5:
        found = draft.pick(rng, lambda _, t: t.dtype == dtype and len(t.shape) == len(shape) > 0)
        if found is not None:
            adapted = _adapt(draft, found, shape)
            if adapted is not None:
                return adapted
    return fresh(call, dtype, shape, written)


def _adapt(draft: Draft, value: int, shape: tuple[int, ...]) -> int | None:
    """A view of a value in another shape of the same rank, by slices and an expansion; at most two calls."""
    have = draft.type(value).shape
    differing = [d for d, (n, m) in enumerate(zip(have, shape, strict=True)) if n != m]
    sliced = [d for d in differing if have[d] > shape[d]]
    grown = [d for d in differing if have[d] < shape[d]]
    if len(sliced) > 1 or any(have[d] != 1 for d in grown):
        return None
    for dim in sliced:
        (value,) = draft.call("aten.slice.Tensor", (Ref(value), dim, have[dim] - shape[dim], have[dim]))
    if grown:
        (value,) = draft.call("aten.expand.default", (Ref(value), shape))
    return value
