"""Guards: calls put before an operator that keep values in its domain, off zero divisors, and in range of a cast."""

from __future__ import annotations

import random
from collections.abc import Mapping

from tensorsmith.generators.draft import Draft
from tensorsmith.generators.table import OperatorEntry
from tensorsmith.ir.dtypes import FLOATS, INTEGERS, DType
from tensorsmith.ir.graph import Arg, DTypeArg, Ref, TensorType
from tensorsmith.ir.operators import written_arguments
from tensorsmith.ir.recipe import Drawn

_GUARDED = 0.9  # how often values are brought into the domain of an operator that has one

# Operators that turn their source into the dtype of what they write to.
CASTING = {"copy_": "src", "fill_": "value", "type_as": "self", "copy": "src"}


def guard_arguments(draft: Draft, rng: random.Random, entry: OperatorEntry, arguments: dict[str, Arg]) -> None:
    """Bring values into the domain, away from zero divisors, and into range before a cast.

    Args:
        draft: where guards are added.
        rng: where every choice comes from.
        entry: the operator that is about to be called.
        arguments: its arguments by name; what is guarded is replaced in place.
    """
    if entry.guard and rng.random() < _GUARDED:
        for name, arg in arguments.items():
            if isinstance(arg, Ref) and draft.type(arg.id).dtype in FLOATS:
                arguments[name] = Ref(draft.call(f"aten.{entry.guard}.default", (arg,))[0])
    for name in entry.nonzero:
        arg = arguments[name]
        if isinstance(arg, Ref) and draft.type(arg.id).dtype not in FLOATS and _whole(draft, arguments):
            arguments[name] = Ref(_nonzero(draft, rng, arg.id))
    into = _cast_dtype(entry, arguments, draft)
    if into is None or into in FLOATS or into == "bool":
        return
    casting = CASTING.get(entry.op.split(".")[1])
    for name, arg in arguments.items():
        if not isinstance(arg, Ref) or draft.type(arg.id).dtype not in FLOATS:
            continue
        if casting is not None and name != casting:
            continue
        if arg.id in draft.tame and into != "u8":
            continue
        if rng.random() < 0.4 and name not in written_arguments(entry.op):
            type_ = draft.type(arg.id)
            uniform = Drawn("uniform", rng.randrange(1 << 31))
            arguments[name] = Ref(draft.fresh_index(TensorType(type_.dtype, type_.shape), uniform))
        else:
            arguments[name] = Ref(_in_range(draft, arg.id, into))


def _whole(draft: Draft, arguments: Mapping[str, Arg]) -> bool:
    """Whether every tensor of the call is of whole numbers, so that the division is theirs."""
    ids = [a.id for a in arguments.values() if isinstance(a, Ref)]
    return all(draft.type(i).dtype not in FLOATS for i in ids)


def _nonzero(draft: Draft, rng: random.Random, value: int) -> int:
    """A divisor from 1 to 8: the value's lowest bits plus one, or a new input of ones."""
    type_ = draft.type(value)
    if type_.dtype == "bool" or rng.random() < 0.2:
        return draft.fresh_index(TensorType(type_.dtype, type_.shape), Drawn("ones", 0))
    (low,) = draft.call("aten.bitwise_and.Scalar", (Ref(value), 7))
    return draft.call("aten.add.Scalar", (Ref(low), 1))[0]


def _cast_dtype(entry: OperatorEntry, arguments: Mapping[str, Arg], draft: Draft) -> DType | None:
    """The dtype that the call casts its tensors to, if it does."""
    for arg in arguments.values():
        if isinstance(arg, DTypeArg):
            return arg.name
    base = entry.op.split(".")[1]
    if base in CASTING:
        target = arguments.get("other" if base == "type_as" else "self")
        if isinstance(target, Ref):
            return draft.type(target.id).dtype
    return None


def _in_range(draft: Draft, value: int, into: DType) -> int:
    """The value without NaN and clamped to what every integer dtype holds."""
    (finite,) = draft.call("aten.nan_to_num.default", (Ref(value),))
    low = 0 if into in INTEGERS and into.startswith("u") else -100
    (clamped,) = draft.call("aten.clamp.default", (Ref(finite), low, 100))
    draft.tame.add(clamped)
    return clamped
