"""What a call asks of its operands that fake tensors do not check: dtypes, index ranges, divisors without zeros."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tensorsmith.generators.bounds import default_of, evaluate
from tensorsmith.generators.in_use import entries_in_use
from tensorsmith.generators.table import OperatorEntry
from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.dtypes import FLOATS, INTEGERS, DType, integer_range
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Atom, Node, Ref, TensorType, arg_refs
from tensorsmith.ir.operators import operator, written_arguments
from tensorsmith.ir.recipe import Drawn, Literals, Values

# Operators whose result holds the elements of their first argument and no others.
_SAME_ELEMENTS = frozenset({
    "alias", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_to", "chunk", "clone", "contiguous", "detach",
    "diagonal", "expand", "expand_as", "flatten", "flip", "movedim", "narrow", "permute", "ravel", "repeat", "reshape",
    "reshape_as", "roll", "select", "slice", "split", "split_with_sizes", "squeeze", "t", "transpose", "unbind",
    "unflatten", "unfold", "unsqueeze", "view", "view_as", "_unsafe_view",
})  # fmt: skip


@dataclass(frozen=True)
class Demand:
    """That the elements of an integer value lie in `[0, high)`, and, if `distinct`, do not repeat."""

    value: int
    high: int
    distinct: bool


def entries() -> Mapping[str, OperatorEntry]:
    """The operators that programs are made of, by name."""
    return entries_in_use()


def arguments_by_name(op: str, args: Sequence[Arg], kwargs: Sequence[tuple[str, Arg]]) -> dict[str, Arg]:
    """The arguments of a call by name, with the defaults of those left out."""
    given = dict(kwargs)
    found: dict[str, Arg] = {}
    for position, argument in enumerate(operator(op)._schema.arguments):
        if position < len(args):
            found[argument.name] = args[position]
        else:
            found[argument.name] = given.get(argument.name, default_of(argument))
    return found


def demands(
    op: str, args: Sequence[Arg], kwargs: Sequence[tuple[str, Arg]], types: Mapping[int, TensorType]
) -> Iterator[Demand]:
    """The ranges that a call asks of its index arguments, as far as the table knows."""
    entry = entries().get(op)
    if entry is None or not entry.bounds:
        return
    named = arguments_by_name(op, args, kwargs)
    for name, bound in entry.bounds.items():
        arg = named.get(name)
        for place, atom in enumerate(arg if isinstance(arg, tuple) else (arg,)):
            if isinstance(atom, Ref) and types[atom.id].dtype in INTEGERS:
                high = evaluate(bound, named, place, types.__getitem__)
                if high is not None:
                    yield Demand(atom.id, high, name in entry.distinct)


def nonzero_operands(
    op: str, args: Sequence[Arg], kwargs: Sequence[tuple[str, Arg]], types: Mapping[int, TensorType]
) -> Iterator[int]:
    """The arguments of a call between whole numbers that must have no zeros."""
    entry = entries().get(op)
    if entry is not None and entry.nonzero:
        named = arguments_by_name(op, args, kwargs)
        if not any(types[id_].dtype in FLOATS for arg in named.values() for id_ in arg_refs(arg)):
            for name in entry.nonzero:
                yield from arg_refs(named.get(name))


def source_of(value: int, definers: Mapping[int, Node]) -> int:
    """The value that the elements of a value come from, unchanged."""
    while value in definers:
        node = definers[value]
        operand = node.args[0] if node.args else None
        if node.op.split(".")[1] not in _SAME_ELEMENTS or not isinstance(operand, Ref):
            break
        value = operand.id
    return value


def definers_of(nodes: Sequence[Node]) -> dict[int, Node]:
    """The node that defines each result."""
    return {result: node for node in nodes for result in node.results}


def in_range(values: Values, high: int) -> bool:
    """Whether a recipe's integers lie in `[0, high)`."""
    if isinstance(values, Drawn):
        return (values.kind in ("index", "permutation") and max(values.high, 1) <= high) or values.kind == "zeros"
    return all(isinstance(x, int) and 0 <= x < high for x in values.data)


def without_zeros(values: Values) -> bool:
    """Whether a recipe's integers have no zero."""
    return values.kind == "ones" if isinstance(values, Drawn) else 0 not in values.data


def check_dtypes(
    op: str, args: Sequence[Arg], kwargs: Sequence[tuple[str, Arg]], types: Mapping[int, TensorType]
) -> None:
    """See that eager PyTorch takes operands of these dtypes, which is less than fake tensors do.

    Raises:
        GraphError: it does not, as far as the table knows.
    """
    entry = entries().get(op)
    if entry is None:
        return
    named = arguments_by_name(op, args, kwargs)
    read = [(name, types[id_].dtype) for name, arg in named.items() for id_ in arg_refs(arg)]
    main = read[0][1] if read else None
    if main is not None and main not in entry.dtypes:
        raise GraphError(f"{op} does not take {main}")
    for name, dtype in read:
        wanted = _seen_dtypes(op).get(name)
        if wanted == "main" and dtype != main and not entry.promotes:
            raise GraphError(f"{op} does not take {dtype} for `{name}` with {main}")
        if isinstance(wanted, frozenset) and dtype not in wanted:
            raise GraphError(f"{op} does not take {dtype} for `{name}`")


@cache
def _seen_dtypes(op: str) -> dict[str, Literal["main"] | frozenset[DType]]:
    """For each argument, where the records leave no doubt: that it has the main dtype, or is of whole numbers."""
    entry = entries()[op]
    records = [r for r in entry.records if r.tensors]
    records = [r for r in records if r.tensors[0].dtype in FLOATS] or records
    alike: dict[str, set[bool]] = {}
    found: dict[str, set[DType]] = {}
    for record in records:
        named = arguments_by_name(op, record.args, record.kwargs)
        for name, arg in named.items():
            for position in arg_refs(arg):
                dtype = record.tensors[position].dtype
                alike.setdefault(name, set()).add(dtype == record.tensors[0].dtype)
                found.setdefault(name, set()).add(dtype)
    seen: dict[str, Literal["main"] | frozenset[DType]] = {}
    for name, dtypes in found.items():
        if alike[name] == {True}:
            seen[name] = "main"
        elif alike[name] == {False} and not dtypes & FLOATS:
            seen[name] = frozenset(dtypes)
    return seen


def keep_promises(
    builder: GraphBuilder,
    op: str,
    args: tuple[Arg, ...],
    kwargs: tuple[tuple[str, Arg], ...],
    values: Mapping[int, Values],
) -> tuple[tuple[Arg, ...], tuple[tuple[str, Arg], ...]]:
    """The arguments of a call, brought into range by new calls where the values that would get there may be out of it.

    An index that comes straight from an input is left as it is: the input's recipe can follow (`fitted`).

    Raises:
        GraphError: no index can be in range, or what would have to be brought into range is written to.
    """
    entry = entries().get(op)
    if entry is None or not (entry.bounds or entry.nonzero):
        return args, kwargs
    tamed: dict[int, int] = {}
    written = set(written_arguments(op))
    named = arguments_by_name(op, args, kwargs)
    untouchable = {id_ for name in written for id_ in arg_refs(named.get(name))}
    for demand in list(demands(op, args, kwargs, builder.types)):
        type_ = builder.types[demand.value]
        if type_.numel == 0 or _index_is_safe(builder, demand, values):
            continue
        if demand.high < 1 or demand.value in untouchable or demand.high > integer_range(type_.dtype)[1]:
            raise GraphError(f"{op} has no valid index below {demand.high}")
        (tamed[demand.value],) = builder.call("aten.remainder.Scalar", (Ref(demand.value), demand.high))
    for value in list(nonzero_operands(op, args, kwargs, builder.types)):
        if not _has_no_zero(builder, value, values):
            if value in untouchable:
                raise GraphError(f"{op} would divide by what it writes to")
            odd: Atom = True if builder.types[value].dtype == "bool" else 1
            (tamed[value],) = builder.call("aten.bitwise_or.Scalar", (Ref(value), odd))
    if not tamed:
        return args, kwargs
    return tuple(_swap(a, tamed) for a in args), tuple((name, _swap(a, tamed)) for name, a in kwargs)


def fitted(values: Values, demand: Demand, seed: int) -> Values:
    """A recipe for the input that a demand is about, as close to the given one as can be."""
    if demand.high < 1 or in_range(values, demand.high):
        return values
    kept = values.seed if isinstance(values, Drawn) else seed
    return Drawn("permutation" if demand.distinct else "index", kept, demand.high)


def _index_is_safe(builder: GraphBuilder, demand: Demand, values: Mapping[int, Values]) -> bool:
    definers = definers_of(builder.nodes)
    if demand.high < 1 or _is_written(builder, demand.value):
        return False
    source = source_of(demand.value, definers)
    if source in definers:
        node = definers[source]
        limit = node.args[1] if len(node.args) == 2 else None
        return node.op == "aten.remainder.Scalar" and isinstance(limit, int) and 0 < limit <= demand.high
    constant = next((c for c in builder.constants if c.id == source), None)
    if constant is not None:
        return in_range(constant.values, demand.high)
    given = values.get(source)
    # What a user wrote out is kept, unless it is out of range.
    return not isinstance(given, Literals) or in_range(given, demand.high)


def _has_no_zero(builder: GraphBuilder, value: int, values: Mapping[int, Values]) -> bool:
    definers = definers_of(builder.nodes)
    if _is_written(builder, value):
        return False
    source = source_of(value, definers)
    if source in definers:
        return _is_odd_or_one_more(definers[source], definers)
    constant = next((c.values for c in builder.constants if c.id == source), None)
    given = constant or values.get(source)
    return given is not None and without_zeros(given)


def _is_odd_or_one_more(node: Node, definers: Mapping[int, Node]) -> bool:
    """Whether a call gives numbers without a zero: `x | 1`, or `(x & 7) + 1`."""
    number = node.args[1] if len(node.args) == 2 else None
    if node.op == "aten.bitwise_or.Scalar":
        return isinstance(number, int) and number % 2 == 1
    operand = node.args[0] if node.args else None
    below = definers.get(operand.id) if isinstance(operand, Ref) else None
    return (
        node.op == "aten.add.Scalar"
        and number == 1
        and below is not None
        and below.op == "aten.bitwise_and.Scalar"
        and below.args[1] == 7
    )


def _is_written(builder: GraphBuilder, value: int) -> bool:
    return any(
        builder.storage(result) == builder.storage(value)
        for node in builder.nodes
        if written_arguments(node.op)
        for result in node.results
    )


def _swap(arg: Arg, new: Mapping[int, int]) -> Arg:
    if isinstance(arg, tuple):
        return tuple(Ref(new.get(a.id, a.id)) if isinstance(a, Ref) else a for a in arg)
    return Ref(new.get(arg.id, arg.id)) if isinstance(arg, Ref) else arg
