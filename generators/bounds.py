"""The range of index arguments: which expression over the other arguments explains the bounds that were seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch

from tensorsmith.generators.table import Bound, Record
from tensorsmith.ir.graph import Arg, Ref, TensorType
from tensorsmith.ir.operators import operator, parameters


@dataclass(frozen=True)
class Slots:
    """The arguments of a recorded call by name.

    Attributes:
        arguments: every argument that the call gives or has a default for.
        names: the argument that each tensor position of the record is (part of).
        places: the place of each tensor position within its argument, 0 if that is no list.
        referring: the arguments that are of tensors.
        order: all arguments, those first that name dimensions, which others depend on.
    """

    arguments: Mapping[str, Arg]
    names: Mapping[int, str]
    places: Mapping[int, int]
    referring: frozenset[str]
    order: tuple[str, ...]

    @staticmethod
    def of(op: str, record: Record) -> Slots:
        """The slots of a record of an operator."""
        arguments = named_arguments(op, record)
        names: dict[int, str] = {}
        places: dict[int, int] = {}
        for name, arg in arguments.items():
            for place, atom in enumerate(arg if isinstance(arg, tuple) else (arg,)):
                if isinstance(atom, Ref) and atom.id not in names:
                    names[atom.id] = name
                    places[atom.id] = place
        return Slots(arguments, names, places, _referring(op), _order(op))


def named_arguments(op: str, record: Record) -> dict[str, Arg]:
    """The arguments of a recorded call by name, in the schema's order, with defaults for those left out."""
    defaults = _defaults(op)
    return {**defaults, **dict(zip(defaults, record.args, strict=False)), **dict(record.kwargs)}


@cache
def _referring(op: str) -> frozenset[str]:
    return frozenset(p.name for p in parameters(op) if p.of_tensors)


@cache
def _order(op: str) -> tuple[str, ...]:
    return tuple(sorted((p.name for p in parameters(op)), key=lambda name: "dim" not in name))


@cache
def _defaults(op: str) -> Mapping[str, Arg]:
    return {argument.name: default_of(argument) for argument in operator(op)._schema.arguments}


def default_of(argument: torch._C.Argument) -> Arg:
    """The default of a schema argument as data; None where there is none or it is not data."""
    value = argument.default_value if argument.has_default_value() else None
    if isinstance(value, (list, tuple)):
        return tuple(v for v in value if isinstance(v, (bool, int, float, str)))
    return value if isinstance(value, (bool, int, float, str)) else None


def evaluate(
    bound: Bound, arguments: Mapping[str, Arg], place: int, type_of: Callable[[int], TensorType]
) -> int | None:
    """The number that a bound stands for in a call, or None if the call does not say.

    Args:
        bound: the rule.
        arguments: the call's arguments by name.
        place: where in a list of index tensors the argument stands.
        type_of: the type of the tensor that a reference in `arguments` means.
    """
    if bound.of == "constant":
        return bound.constant
    arg = arguments.get(bound.argument)
    if bound.of == "value":
        return arg if isinstance(arg, int) else None
    if not isinstance(arg, Ref):
        return None
    type_ = type_of(arg.id)
    along = "dim" if bound.of == "numel" else bound.dim
    dim: Arg = arguments.get("dim") if along == "dim" else place if along == "position" else along
    if bound.of == "numel" and dim is None:
        # `take_along_dim` goes along the flattened tensor only where no `dim` is given.
        return type_.numel
    if not isinstance(dim, int):
        return None
    if not type_.shape:
        return 1
    return type_.shape[dim] if -len(type_.shape) <= dim < len(type_.shape) else None


def explaining_bound(op: str, name: str, seen: Sequence[tuple[Record, int | None]]) -> Bound | None:
    """The first way to get the bound that explains every one that was seen.

    Args:
        op: the operator.
        name: the argument whose range it is.
        seen: records with the bound that was found for each, None where the argument had no range.
    """
    candidates: list[Bound] = []
    tensors = sorted({n for record, _ in seen for n in Slots.of(op, record).names.values()})
    others = [n for n in tensors if n != name]
    candidates += [Bound("size", other, "dim") for other in others]
    candidates += [Bound("size", other, "position") for other in others]
    candidates += [Bound("size", other, dim) for other in others for dim in (-1, 0, 1, 2, -2)]
    candidates += [Bound("numel", other) for other in others]
    candidates += [Bound("value", a.name) for a in operator(op)._schema.arguments if str(a.type) in ("int", "SymInt")]
    found = [high for _, high in seen if high is not None]
    for bound in candidates:
        if all(_explains(op, bound, name, record, high) for record, high in seen if high is not None):
            return bound
    # One number that every call agrees on is a property of the operator, a smaller sample is chance.
    return Bound("constant", constant=found[0]) if len(found) > 2 and len(set(found)) == 1 else None


def _explains(op: str, bound: Bound, name: str, record: Record, high: int) -> bool:
    slots = Slots.of(op, record)
    places = [slots.places[p] for p, n in slots.names.items() if n == name]
    values = [evaluate(bound, slots.arguments, place, record.tensors.__getitem__) for place in places]
    # A list of index tensors was asked about as one, so the least of their bounds was found.
    return bool(values) and None not in values and min(v for v in values if v is not None) == high
