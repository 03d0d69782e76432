"""Calls near a call: one argument, size, rank or dtype changed, or a few of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import msgspec

from tensorsmith.generators.bounds import named_arguments
from tensorsmith.generators.table import Record
from tensorsmith.ir.dtypes import COMMON, DType
from tensorsmith.ir.graph import Arg, DTypeArg, Ref, TensorType
from tensorsmith.ir.operators import operator

MOST_ELEMENTS = 2048
WIDEST = 40
DEEPEST = 6

_SIZES = (0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16)
_INTEGERS = (-3, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3, 4, 5, 7)
_FLOATS = (-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0)

Change = Callable[[Record, random.Random], Record | None]


def near(op: str, record: Record, rng: random.Random, words: Mapping[str, Sequence[Arg]]) -> Record | None:
    """A call near a recorded one, or None if a change does not apply; `words` has strings and dtypes by argument."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        change = rng.choice(_TENSOR_CHANGES) if record.tensors and rng.random() < 0.55 else None
        changed = change(record, rng) if change else _other_argument(op, record, rng, words)
        if changed is None:
            return None
        record = changed
    if any(t.numel > MOST_ELEMENTS or len(t.shape) > DEEPEST or max((*t.shape, 0)) > WIDEST for t in record.tensors):
        return None
    return msgspec.structs.replace(record, results=())


def _with_tensor(record: Record, position: int, dtype: DType, shape: Sequence[int]) -> Record:
    tensors = list(record.tensors)
    tensors[position] = TensorType(dtype, tuple(shape))
    return msgspec.structs.replace(record, tensors=tuple(tensors))


def _one_size(record: Record, rng: random.Random) -> Record | None:
    position = rng.randrange(len(record.tensors))
    type_ = record.tensors[position]
    if not type_.shape:
        return None
    shape = list(type_.shape)
    dim = rng.randrange(len(shape))
    others = [n for t in record.tensors for n in t.shape]
    shape[dim] = rng.choice((rng.choice(_SIZES), rng.choice(others), max(shape[dim] + rng.choice((-1, 1)), 0)))
    return _with_tensor(record, position, type_.dtype, shape)


def _size_everywhere(record: Record, rng: random.Random) -> Record | None:
    sizes = [n for t in record.tensors for n in t.shape]
    if not sizes:
        return None
    old, new = rng.choice(sizes), rng.choice(_SIZES)
    return msgspec.structs.replace(
        record,
        tensors=tuple(TensorType(t.dtype, tuple(new if n == old else n for n in t.shape)) for t in record.tensors),
    )


def _rank(record: Record, rng: random.Random) -> Record | None:
    everywhere = rng.random() < 0.5
    position = rng.randrange(len(record.tensors))
    drop, front, size = rng.random() < 0.5, rng.random() < 0.7, rng.choice(_SIZES)
    tensors = list(record.tensors)
    for at, type_ in enumerate(tensors):
        if not everywhere and at != position:
            continue
        longer = (size, *type_.shape) if front else (*type_.shape, size)
        shorter = type_.shape[1:] if front else type_.shape[:-1]
        tensors[at] = TensorType(type_.dtype, shorter if drop else longer)
    return msgspec.structs.replace(record, tensors=tuple(tensors))


def _swapped(record: Record, rng: random.Random) -> Record | None:
    position = rng.randrange(len(record.tensors))
    shape = list(record.tensors[position].shape)
    rng.shuffle(shape)
    return _with_tensor(record, position, record.tensors[position].dtype, shape)


def _copied_shape(record: Record, rng: random.Random) -> Record | None:
    source, position = rng.choice(record.tensors), rng.randrange(len(record.tensors))
    return _with_tensor(record, position, record.tensors[position].dtype, source.shape)


def _dtype(record: Record, rng: random.Random) -> Record | None:
    position, dtype = rng.randrange(len(record.tensors)), rng.choice(COMMON)
    old = record.tensors[position].dtype
    everywhere = rng.random() < 0.6
    return msgspec.structs.replace(
        record,
        tensors=tuple(
            TensorType(dtype if at == position or (everywhere and t.dtype == old) else t.dtype, t.shape)
            for at, t in enumerate(record.tensors)
        ),
    )


def _ones(record: Record, rng: random.Random) -> Record | None:
    position = rng.randrange(len(record.tensors))
    type_ = record.tensors[position]
    return _with_tensor(record, position, type_.dtype, [1 if rng.random() < 0.4 else n for n in type_.shape])


_TENSOR_CHANGES: tuple[Change, ...] = (
    _one_size, _one_size, _one_size, _size_everywhere, _size_everywhere, _size_everywhere, _rank, _rank, _swapped,
    _copied_shape, _dtype, _ones,
)  # fmt: skip


def _other_argument(op: str, record: Record, rng: random.Random, words: Mapping[str, Sequence[Arg]]) -> Record | None:
    """Another value for an argument that is no tensor, or an optional one left out."""
    arguments = named_arguments(op, record)
    schema = {a.name: a for a in operator(op)._schema.arguments}
    free = [n for n, a in arguments.items() if not _has_tensor(a)]
    droppable = [n for n, a in arguments.items() if _has_tensor(a) and str(schema[n].type).startswith("Optional")]
    if droppable and rng.random() < 0.1:
        arguments[rng.choice(droppable)] = None
        return with_arguments(op, record, arguments)
    if not free:
        return None
    name = rng.choice(free)
    found = _value(str(schema[name].real_type), arguments[name], record, rng, words.get(name, ()))
    if found is _NOTHING or found == arguments[name]:
        return None
    arguments[name] = found
    return with_arguments(op, record, arguments)


_NOTHING: Arg = "\0nothing"


def _value(kind: str, old: Arg, record: Record, rng: random.Random, words: Sequence[Arg]) -> Arg:
    optional = kind.startswith("Optional[")
    kind = kind.removeprefix("Optional[")
    if optional and old is not None and rng.random() < 0.15:
        return None
    if kind.startswith("bool"):
        return not old if isinstance(old, bool) else rng.random() < 0.5
    if words:
        return rng.choice(tuple(words))
    sizes = [n for t in record.tensors for n in t.shape] or [1]
    if kind.startswith(("int", "SymInt")):
        near_by = [old - 1, old + 1] if isinstance(old, int) else []
        return rng.choice((rng.choice(_INTEGERS), rng.choice(sizes), *near_by))
    if kind.startswith("float"):
        return rng.choice(_FLOATS)
    if kind.startswith("number"):
        return rng.choice((rng.choice(_FLOATS), rng.choice(_INTEGERS)))
    if kind.startswith(("List[int", "List[SymInt")):
        return _integers(old, sizes, rng)
    return _NOTHING


def _integers(old: Arg, sizes: Sequence[int], rng: random.Random) -> Arg:
    items = [a for a in old if isinstance(a, int)] if isinstance(old, tuple) else []
    draw = rng.random()
    new = rng.choice((rng.choice(_INTEGERS), rng.choice(sizes)))
    if draw < 0.2:
        return tuple(items[:-1]) if rng.random() < 0.5 and items else (*items, new)
    if draw < 0.35:
        return (new,) * max(len(items), 1)
    if draw < 0.45:
        rng.shuffle(items)
        return tuple(items)
    if not items:
        return (new,)
    at = rng.randrange(len(items))
    items[at] = rng.choice((new, items[at] + 1, items[at] - 1))
    return tuple(items)


def _has_tensor(arg: Arg) -> bool:
    return isinstance(arg, Ref) or (isinstance(arg, tuple) and any(isinstance(a, Ref) for a in arg))


def with_arguments(op: str, record: Record, arguments: Mapping[str, Arg]) -> Record:
    """The record with other arguments, given by name; tensors that no argument refers to are dropped."""
    args: list[Arg] = []
    kwargs: list[tuple[str, Arg]] = []
    for argument in operator(op)._schema.arguments:
        value = arguments[argument.name]
        if not argument.kwarg_only:
            args.append(value)
        elif value is not None:
            kwargs.append((argument.name, value))
    used = sorted({r.id for a in (*args, *dict(kwargs).values()) for r in _refs(a)})
    places = {old: new for new, old in enumerate(used)}
    return Record(
        tuple(record.tensors[u] for u in used),
        tuple(_renamed(a, places) for a in args),
        tuple((name, _renamed(a, places)) for name, a in kwargs),
    )


def _refs(arg: Arg) -> list[Ref]:
    return [a for a in (arg if isinstance(arg, tuple) else (arg,)) if isinstance(a, Ref)]


def _renamed(arg: Arg, places: Mapping[int, int]) -> Arg:
    if isinstance(arg, tuple):
        return tuple(Ref(places[a.id]) if isinstance(a, Ref) else a for a in arg)
    return Ref(places[arg.id]) if isinstance(arg, Ref) else arg


def words_of(op: str, records: Sequence[Record]) -> dict[str, list[Arg]]:
    """What the arguments of an operator that are words (strings, dtypes) were seen to be."""
    found: dict[str, list[Arg]] = {}
    for record in records:
        for name, arg in named_arguments(op, record).items():
            if isinstance(arg, (str, DTypeArg)) and arg not in found.setdefault(name, []):
                found[name].append(arg)
    for argument in operator(op)._schema.arguments:
        if "ScalarType" in str(argument.real_type):
            known = found.setdefault(argument.name, [])
            known += [a for d in COMMON if (a := DTypeArg(d)) not in known]
    return found
