"""Argument choices: which of the ways to give an operator's arguments the calls of a graph take.

A boolean is True or False; an optional argument None or not; a number negative, 0 or positive, a fraction, its default;
dimensions negative or positive, several, out of order; a word or a dtype is itself. Of a call as a whole it counts
which dtype it is about, whether its tensors have several, and whether a number promotes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from tensorsmith.generators.bounds import default_of
from tensorsmith.ir.dtypes import FLOATS, DType
from tensorsmith.ir.graph import Arg, Atom, DTypeArg, Graph, Node, Ref, SpecialFloat, Symbol, TensorType
from tensorsmith.ir.operators import is_pointwise, operator

MIXED = "mixed dtypes"
PROMOTES = "promotes with a number"
SCALAR = "0-d"

# Integers that stand for words.
ENUMERATIONS: dict[str, tuple[str, ...]] = {
    "reduction": ("none", "mean", "sum"),
    "interpolation_mode": ("bilinear", "nearest", "bicubic"),
    "padding_mode": ("zeros", "border", "reflection"),
}

# Where and how memory is had, or where results go, and not what is computed.
PLACEMENT = frozenset({"device", "layout", "non_blocking", "out", "pin_memory"})

# Masks do not promote.
_MASKS = frozenset({"condition", "mask"})

Kind = Literal[
    "flag", "word", "enumeration", "dtype", "format", "dim", "integer", "number", "tensor", "tensors", "uncounted"
]

_KINDS: dict[str, Kind] = {
    "bool": "flag",
    "str": "word",
    "ScalarType": "dtype",
    "MemoryFormat": "format",
    "int": "integer",
    "number": "number",
    "float": "number",
    "Tensor": "tensor",
}


class Choice(NamedTuple):
    """One way to give an argument; `argument` is empty for what is true of the call as a whole."""

    op: str
    argument: str
    value: str

    def __str__(self) -> str:
        return f"{self.op} {self.argument}={self.value}"


def parse_choice(text: str) -> Choice:
    """The choice that a text means; the inverse of `str`."""
    op, _, rest = text.partition(" ")
    argument, _, value = rest.partition("=")
    return Choice(op, argument, value)


class Argument(NamedTuple):
    """An argument of a schema: what kind of choices it offers, whether it may be None or is a list, its default."""

    name: str
    kind: Kind
    optional: bool
    is_list: bool
    default: Arg


@cache
def arguments_of(op: str) -> tuple[Argument, ...]:
    """The arguments of an operator in the schema's order.

    Raises:
        InvalidInputError: there is no such operator.
    """
    return tuple(_argument(a.name, str(a.real_type), default_of(a)) for a in operator(op)._schema.arguments)


def _argument(name: str, type_: str, default: Arg) -> Argument:
    optional = type_.startswith("Optional[")
    inner = type_.removeprefix("Optional[")
    is_list = inner.startswith("List[")
    # A list with gaps (`List[Optional[Tensor]]`) is a list.
    element = inner.removeprefix("List[").removeprefix("Optional[").rstrip("]").replace("SymInt", "int")
    kind = "uncounted" if name in PLACEMENT else _KINDS.get(element, "uncounted")
    if kind == "integer" and name in ENUMERATIONS:
        kind = "enumeration"
    elif kind == "integer" and _names_dimensions(name):
        kind = "dim"
    elif kind == "tensor" and is_list:
        kind = "tensors"
    return Argument(name, kind, optional, is_list, default)


def _names_dimensions(name: str) -> bool:
    parts = name.split("_")
    return name.startswith("dim") or "dim" in parts or "dims" in parts or name in ("axis", "source", "destination")


def choices_of(graph: Graph) -> Iterator[Choice]:
    """The choices that each call of a graph makes, repeats included."""
    types = graph.types()
    for node in graph.nodes:
        yield from _choices_of_call(node, types)


def count_choices(graphs: Sequence[Graph]) -> dict[str, int]:
    """How often graphs call each operator and make each choice, by operator name and by the choice's text."""
    counts: Counter[str] = Counter()
    for graph in graphs:
        counts.update(graph.operators())
        counts.update(map(str, choices_of(graph)))
    return dict(counts)


def _choices_of_call(node: Node, types: Mapping[int, TensorType]) -> Iterator[Choice]:
    op = node.op
    given = dict(node.kwargs)
    arguments: list[tuple[Argument, Arg]] = [
        (argument, node.args[place] if place < len(node.args) else given.get(argument.name, argument.default))
        for place, argument in enumerate(arguments_of(op))
    ]
    tensors = [
        (argument.name, types[atom.id]) for argument, arg in arguments for atom in atoms(arg) if isinstance(atom, Ref)
    ]
    for argument, arg in arguments:
        for value in values_of(argument, arg, types, len(tensors[0][1].shape) if tensors else 0):
            yield Choice(op, argument.name, value)
    if tensors:
        yield Choice(op, "", main_dtype([type_ for _, type_ in tensors]))
        if is_pointwise(op):
            operands = {type_.dtype for name, type_ in tensors if name not in _MASKS}
            numbers = [arg for argument, arg in arguments if argument.kind == "number" and not argument.is_list]
            if len(operands) > 1:
                yield Choice(op, "", MIXED)
            if operands and any(promotes(operands, number) for number in numbers):
                yield Choice(op, "", PROMOTES)


def main_dtype(types: Sequence[TensorType]) -> DType:
    """The dtype of the first tensor that is no mask, of at least one."""
    return next((t.dtype for t in types if t.dtype != "bool"), types[0].dtype)


def promotes(dtypes: set[DType], number: Arg) -> bool:
    """Whether a number is of a higher kind than tensors of these dtypes: a fraction and integers, an integer and bools.

    An argument that is no number does not promote.
    """
    if isinstance(number, bool) or not isinstance(number, (int, float, SpecialFloat)):
        return False
    return dtypes == {"bool"} or (not isinstance(number, int) and not dtypes & FLOATS)


def values_of(argument: Argument, arg: Arg, types: Mapping[int, TensorType], rank: int) -> Iterator[str]:
    """The values that an argument of a call counts as, each once.

    Args:
        argument: what the schema says of it.
        arg: what the call gives.
        types: the type of every tensor that it may refer to.
        rank: number of dimensions that negative dimensions count from.
    """
    if argument.kind == "uncounted":
        return
    if arg is None:
        yield "None"
        return
    items = atoms(arg)
    if argument.is_list:
        yield "empty" if not items else "one" if len(items) == 1 else "several"
    elif argument.kind == "tensor" and argument.optional:
        yield "given"
    yield from dict.fromkeys(value for item in items for value in _values_of_atom(argument, item, types))
    if argument.kind == "dim" and len(items) > 1:
        places = [item % max(rank, 1) for item in items if isinstance(item, int)]
        if places != sorted(places):
            yield "out of order"


def _values_of_atom(argument: Argument, atom: Atom, types: Mapping[int, TensorType]) -> Iterator[str]:
    if atom is None:
        yield "None"
    elif isinstance(atom, Ref):
        if not types[atom.id].shape:
            yield SCALAR
    elif isinstance(atom, (DTypeArg, Symbol)):
        yield atom.name
    elif isinstance(atom, SpecialFloat):
        yield "not finite"
    elif isinstance(atom, str) or argument.kind == "flag":
        yield str(atom)
    elif argument.kind == "enumeration":
        words = ENUMERATIONS[argument.name]
        yield words[int(atom)] if 0 <= atom < len(words) else str(atom)
    elif argument.kind == "dim":
        yield "negative" if atom < 0 else "positive"
    else:
        yield "negative" if atom < 0 else "positive" if atom > 0 else "0"
        if atom != int(atom):
            yield "fraction"
        if argument.kind == "number" and not argument.is_list and atom == argument.default:
            yield "default"


def atoms(arg: Arg) -> tuple[Atom, ...]:
    """The items of a list, or the argument itself."""
    return arg if isinstance(arg, tuple) else (arg,)
