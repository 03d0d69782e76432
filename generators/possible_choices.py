"""Which argument choices an operator offers: what its schema, its entry in the table and its rule leave open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tensorsmith.generators.choices import (
    ENUMERATIONS,
    MIXED,
    PROMOTES,
    SCALAR,
    Argument,
    Choice,
    arguments_of,
    atoms,
    promotes,
    values_of,
)
from tensorsmith.generators.rules.predicates import Named
from tensorsmith.generators.rules.rule import Rule
from tensorsmith.generators.rules.terms import View
from tensorsmith.generators.table import OperatorEntry, Record
from tensorsmith.ir.dtypes import COMMON, FLOATS, DType
from tensorsmith.ir.graph import Arg, Atom, DTypeArg, Ref, Symbol, TensorType
from tensorsmith.ir.operators import is_pointwise, written_arguments

_LENGTHS = range(1, 7)
_FORMATS = ("contiguous_format", "preserve_format", "channels_last")
_WORDS: dict[str, tuple[str, ...]] = {
    "rounding_mode": ("floor", "trunc"),
    "approximate": ("none", "tanh"),
    "interpolation": ("linear", "lower", "higher", "midpoint", "nearest"),
    "padding": ("same", "valid"),
    "padding_side": ("left", "right"),
    "mode": ("constant", "reflect", "replicate", "circular"),
}
_REDUCTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("aten.index_reduce", ("prod", "mean", "amax", "amin")),
    ("aten.scatter_reduce", ("sum", "prod", "mean", "amax", "amin")),
    ("aten.scatter", ("add", "multiply")),
)
# Factors of operands, which other numbers promote in a way that an integer result forbids.
_FACTORS = frozenset({"alpha", "beta"})


def possible_choices(entry: OperatorEntry, records: Sequence[Record], rule: Rule) -> tuple[Choice, ...]:
    """Every choice that calls of an operator may make, in the order of its arguments.

    Args:
        entry: the operator.
        records: its recorded calls, or those of the operator that it is the `out=` variant of.
        rule: what its calls must satisfy; a choice that breaks it by itself is none, unless a record makes it.
    """
    seen = _seen(entry.op, records)
    words = _words(entry.op, records, rule)
    found: dict[Choice, None] = {Choice(entry.op, "", dtype): None for dtype in entry.dtypes}
    if entry.promotes:
        found[Choice(entry.op, "", MIXED)] = None
    if _promoting_number(entry, rule):
        found[Choice(entry.op, "", PROMOTES)] = None
    for argument in arguments_of(entry.op):
        known = seen.get(argument.name, set())
        for value, examples in _offered(argument, words.get(argument.name, ())):
            allowed = any(rule.holds(View({argument.name: e}, _STAND_INS)) for e in examples)
            if allowed and value == SCALAR:
                allowed = entry.any_shape or any(_takes_scalar(r, entry.op, argument.name, rule) for r in records)
            if allowed or value in known:
                found[Choice(entry.op, argument.name, value)] = None
    return tuple(found)


# What the references in examples mean: a scalar and a vector, of floats and of integers.
_STAND_INS: dict[int, TensorType] = {
    0: TensorType("f32"),
    1: TensorType("i64"),
    2: TensorType("bool"),
    3: TensorType("f32", (2,)),
    4: TensorType("i64", (2,)),
}


def _offered(argument: Argument, words: Sequence[str]) -> Iterator[tuple[str, Sequence[Arg]]]:
    """The values that an argument may count as, each with examples: a value is possible if one of them is."""
    if argument.kind == "uncounted":
        return
    if argument.optional:
        yield "None", (None,)
    items = _items(argument, words)
    if argument.is_list:
        every = [item for examples in items.values() for item in examples]
        if argument.default == ():
            yield "empty", ((),)
        yield "one", tuple((item,) for item in every)
        several: list[Arg] = [(item,) * n for item in every for n in _LENGTHS if n > 1]
        if argument.kind == "dim":
            several += [(0, 1), (-2, -1), (0, 1, 2)]
            yield "out of order", ((1, 0), (-1, -2), (0, 2, 1))
        yield "several", several
        for value, examples in items.items():
            yield value, tuple((item,) * n for item in examples for n in _LENGTHS)
        return
    if argument.kind == "tensor" and argument.optional:
        yield "given", (Ref(3), Ref(4), Ref(0), Ref(1))
    yield from items.items()
    if argument.kind == "number" and argument.default is not None:
        yield "default", (argument.default,)


def _items(argument: Argument, words: Sequence[str]) -> dict[str, tuple[Atom, ...]]:
    """The values that one item of an argument may count as, with examples."""
    match argument.kind:
        case "flag":
            return {"True": (True,), "False": (False,)}
        case "word":
            return {word: (word,) for word in words}
        case "enumeration":
            return {word: (number,) for number, word in enumerate(ENUMERATIONS[argument.name])}
        case "dtype":
            return {dtype: (DTypeArg(dtype),) for dtype in COMMON}
        case "format":
            return {name: (Symbol(name),) for name in _FORMATS}
        case "dim":
            return {"negative": (-1, -2), "positive": (0, 1)}
        case "integer":
            return {"negative": (-1, -2, -3), "0": (0,), "positive": (1, 2, 3, 4)}
        case "number":
            return {
                "negative": (-1, -2.0, -0.5),
                "0": (0, 0.0),
                "positive": (1, 2.0, 0.5),
                "fraction": (0.5, 1.5, -0.5),
            }
        case "tensor" | "tensors":
            return {SCALAR: (Ref(0), Ref(1), Ref(2))}
    return {}


def _seen(op: str, records: Sequence[Record]) -> dict[str, set[str]]:
    """The values that records have, by argument."""
    found: dict[str, set[str]] = {}
    for record in records:
        types = dict(enumerate(record.tensors))
        rank = len(record.tensors[0].shape) if record.tensors else 0
        for argument, arg in _arguments(op, record):
            found.setdefault(argument.name, set()).update(values_of(argument, arg, types, rank))
    return found


def _words(op: str, records: Sequence[Record], rule: Rule) -> dict[str, tuple[str, ...]]:
    """The words that each argument is known to take, was seen to be, or that the rule names."""
    found = {name: dict.fromkeys(words) for name, words in _WORDS.items()}
    found["reduce"] = dict.fromkeys(next((words for prefix, words in _REDUCTIONS if op.startswith(prefix)), ()))
    for record in records:
        for argument, arg in _arguments(op, record):
            for atom in atoms(arg):
                if argument.kind == "word" and isinstance(atom, str):
                    found.setdefault(argument.name, {})[atom] = None
    for clause in rule.clauses:
        predicate = clause.predicate
        if isinstance(predicate, Named) and not predicate.of_tensor:
            found.setdefault(predicate.argument, {}).update(dict.fromkeys(predicate.words))
    return {name: tuple(words) for name, words in found.items()}


def _arguments(op: str, record: Record) -> Iterator[tuple[Argument, Arg]]:
    given = dict(record.kwargs)
    for place, argument in enumerate(arguments_of(op)):
        yield argument, record.args[place] if place < len(record.args) else given.get(argument.name, argument.default)


def _takes_scalar(record: Record, op: str, name: str, rule: Rule) -> bool:
    """Whether the rule holds for a call with a scalar for one tensor argument, or for all of them."""
    if not rule.clauses:
        return False
    arguments = {argument.name: arg for argument, arg in _arguments(op, record)}
    replaced = {atom.id for atom in atoms(arguments[name]) if isinstance(atom, Ref)}
    types = dict(enumerate(record.tensors))
    scalars = {place: TensorType(type_.dtype) for place, type_ in types.items()}
    return any(
        rule.holds(View(arguments, types | {place: scalars[place] for place in places}))
        for places in (replaced, scalars)
    )


def _promoting_number(entry: OperatorEntry, rule: Rule) -> bool:
    """Whether a number may be of a higher kind than the tensors of a call."""
    if not is_pointwise(entry.op) or written_arguments(entry.op):
        return False
    arguments = arguments_of(entry.op)
    tensors = [a.name for a in arguments if a.kind == "tensor" and not a.optional]
    numbers = [a.name for a in arguments if a.kind == "number" and not a.is_list and a.name not in _FACTORS]
    low: list[DType] = [d for d in entry.dtypes if d not in FLOATS]
    return any(
        rule.holds(View({**dict.fromkeys(tensors, Ref(0)), name: number}, {0: TensorType(dtype, (2,))}))
        for name in numbers
        for dtype in low[:3]
        for number in (0.5, 2)
        if tensors and promotes({dtype}, number)
    )
