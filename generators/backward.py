"""Backward insertion: an operator call that produces a value of a type that is wanted.

Two sources of producers: the operator table (a record whose result has the rank that is wanted, its sizes replaced),
and a few rules for views, casts and joins, whose source has to be built to measure.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from tensorsmith.generators.draft import Draft
from tensorsmith.generators.insert import insert_for
from tensorsmith.generators.table import OperatorEntry
from tensorsmith.generators.wanted import fits_shape, main_dtype_for
from tensorsmith.ir.dtypes import FLOATS, DType
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import DTypeArg, Graph, Ref, TensorType, arg_refs
from tensorsmith.ir.operators import is_view, parameters, written_arguments
from tensorsmith.ir.recipe import Drawn, Values

TRIES = 6
DRAWS = 8  # operators that are drawn from the table until one may give what is wanted
_BY_RULE = 0.45  # how often a rule is tried before the table

# Value classes of inputs that an operator counts on: indices in range, divisors, values that are cast to an integer.
_COUNTED_ON = ("index", "permutation", "ones", "uniform")

# No cast between these is out of range.
_CAST_FROM_TO_FLOAT: tuple[DType, ...] = ("bool", "i8", "i32", "f16", "f32", "f64")
_CAST_FROM_TO_WHOLE: tuple[DType, ...] = ("bool", "i8", "i32", "i64", "u8")

Producer = Callable[[Draft, random.Random, TensorType], int]


class Selects(Protocol):
    """What operators are drawn from."""

    def draw(self, rng: random.Random) -> OperatorEntry:
        """An operator."""


def can_be_produced(values: Values) -> bool:
    """Whether any operator may produce an input of these values, or operators count on what they are."""
    return isinstance(values, Drawn) and values.kind not in _COUNTED_ON


def written_inputs(graph: Graph) -> set[int]:
    """Inputs that some operator may write to, through views or not."""
    origin: dict[int, set[int]] = {i.id: {i.id} for i in graph.inputs}
    written: set[int] = set()
    for node in graph.nodes:
        writes = written_arguments(node.op)
        named = dict(zip((p.name for p in parameters(node.op)), node.args, strict=False)) | dict(node.kwargs)
        for name in writes:
            for ref in arg_refs(named.get(name)):
                written |= origin.get(ref, set())
        if writes or is_view(node.op):
            reached = {o for arg in named.values() for ref in arg_refs(arg) for o in origin.get(ref, ())}
            for result in node.results:
                origin[result] = reached
    return written


def insert_backward(
    draft: Draft,
    rng: random.Random,
    wanted: TensorType,
    selection: Selects,
    depth: int = 1,
    writable: bool = False,
) -> int | None:
    """Add an operator whose result has the dtype and shape that are wanted; its strides may be others.

    Args:
        draft: the graph in the making; its values are read where they fit, else inputs are added.
        rng: where every choice comes from.
        wanted: the type; only dtype and shape are kept to.
        selection: where operators are drawn from.
        depth: how many producers may be chained, the first of them on an input.
        writable: whether something will write to the result.

    Returns:
        The id of the value, or None when no try gave one; the draft is then as it was.
    """
    if depth > 1 and rng.random() < 0.4:
        # The chain's earlier links are values of the type that is wanted, which the last one may then read.
        insert_backward(draft, rng, wanted, selection, depth - 1)
    for _ in range(TRIES):
        try:
            with draft.attempt():
                if rng.random() < _BY_RULE:
                    found = rng.choice(PRODUCERS if wanted.shape else PRODUCERS_OF_SCALARS)(draft, rng, wanted)
                else:
                    found = _from_table(draft, rng, wanted, selection)
                type_ = draft.type(found)
                if (type_.dtype, type_.shape) != (wanted.dtype, wanted.shape):
                    raise GraphError(f"{type_} is not {wanted}")
                if writable and not draft.writable(found):
                    raise GraphError("the result cannot be written to")
                return found
        except GraphError:
            continue
    return None


def _from_table(draft: Draft, rng: random.Random, wanted: TensorType, selection: Selects) -> int:
    for _ in range(DRAWS):
        entry = selection.draw(rng)
        records = [r for r in entry.records if fits_shape(entry, r, wanted.shape)]
        if records and main_dtype_for(entry, wanted.dtype) is not None:
            return insert_for(draft, rng, entry, rng.choice(records), wanted)
    raise GraphError(f"no operator was drawn that can give {wanted}")


def _source(draft: Draft, rng: random.Random, type_: TensorType) -> int:
    """A value of a dtype and shape: one that there is, or a new input."""
    found = draft.pick(rng, lambda _, t: t.dtype == type_.dtype and t.shape == type_.shape)
    if found is not None and rng.random() < 0.8:
        return found
    return draft.fresh(rng, type_.dtype, type_.shape)


def _with_size(type_: TensorType, dim: int, size: int) -> TensorType:
    return TensorType(type_.dtype, (*type_.shape[:dim], size, *type_.shape[dim + 1 :]))


def _some_dim(rng: random.Random, wanted: TensorType) -> int:
    return rng.randrange(len(wanted.shape))


def _by_slice(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    dim = _some_dim(rng, wanted)
    size, step, start = wanted.shape[dim], rng.choice((1, 1, 2, 3)), rng.choice((0, 1, 3))
    end = start + size * step
    source = _source(draft, rng, _with_size(wanted, dim, end + rng.choice((0, 0, 1, 4))))
    return draft.call("aten.slice.Tensor", (Ref(source), dim, start, end, step))[0]


def _by_permute(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    dims = rng.sample(range(len(wanted.shape)), len(wanted.shape))
    shape = [0] * len(dims)
    for place, dim in enumerate(dims):
        shape[dim] = wanted.shape[place]
    source = _source(draft, rng, TensorType(wanted.dtype, tuple(shape)))
    return draft.call("aten.permute.default", (Ref(source), tuple(dims)))[0]


def _by_transpose(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    first, second = _some_dim(rng, wanted), _some_dim(rng, wanted)
    shape = list(wanted.shape)
    shape[first], shape[second] = shape[second], shape[first]
    source = _source(draft, rng, TensorType(wanted.dtype, tuple(shape)))
    return draft.call("aten.transpose.int", (Ref(source), first, second - len(shape)))[0]


def _by_expand(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    kept = tuple(1 if rng.random() < 0.5 else n for n in wanted.shape)
    source = _source(draft, rng, TensorType(wanted.dtype, kept[rng.choice((0, 0, 1)) :]))
    return draft.call("aten.expand.default", (Ref(source), wanted.shape))[0]


def _by_select(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    dim, size = rng.randint(0, len(wanted.shape)), rng.choice((1, 2, 3, 5))
    shape = (*wanted.shape[:dim], size, *wanted.shape[dim:])
    source = _source(draft, rng, TensorType(wanted.dtype, shape))
    return draft.call("aten.select.int", (Ref(source), dim, rng.randrange(-size, size)))[0]


def _by_reshape(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    shapes = [(wanted.numel,), (*wanted.shape, 1), (1, *wanted.shape)]
    if len(wanted.shape) > 1:
        shapes.append((wanted.shape[0] * wanted.shape[1], *wanted.shape[2:]))
    source = _source(draft, rng, TensorType(wanted.dtype, rng.choice(shapes)))
    return draft.call(rng.choice(("aten.reshape.default", "aten.view.default")), (Ref(source), wanted.shape))[0]


def _by_cat(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    dim = _some_dim(rng, wanted)
    left = wanted.shape[dim]
    parts: list[Ref] = []
    for last in (False,) * rng.choice((1, 1, 2)) + (True,):
        size = left if last else rng.randint(0, left)
        left -= size
        parts.append(Ref(_source(draft, rng, _with_size(wanted, dim, size))))
    return draft.call("aten.cat.default", (tuple(parts), rng.choice((dim, dim - len(wanted.shape)))))[0]


def _by_pad(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    dim = _some_dim(rng, wanted)
    size = wanted.shape[dim]
    before = rng.randint(0, size)
    after = rng.randint(0, size - before)
    source = _source(draft, rng, _with_size(wanted, dim, size - before - after))
    pads = (0, 0) * (len(wanted.shape) - 1 - dim) + (before, after)
    fill = rng.choice((0, 1, -1, 0.5)) if wanted.dtype in FLOATS else rng.choice((0, 1))
    return draft.call("aten.constant_pad_nd.default", (Ref(source), pads, fill))[0]


def _by_cast(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    dtype = rng.choice(_CAST_FROM_TO_FLOAT if wanted.dtype in FLOATS else _CAST_FROM_TO_WHOLE)
    source = _source(draft, rng, TensorType(dtype, wanted.shape))
    return draft.call("aten._to_copy.default", (Ref(source),), (("dtype", DTypeArg(wanted.dtype)),))[0]


def _by_reduction(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    dim = rng.randint(0, len(wanted.shape))
    shape = (*wanted.shape[:dim], rng.choice((1, 2, 3, 7, 8, 17)), *wanted.shape[dim:])
    source = _source(draft, rng, TensorType(wanted.dtype, shape))
    if wanted.dtype in FLOATS and rng.random() < 0.6:
        op = rng.choice(("aten.sum.dim_IntList", "aten.mean.dim", "aten.logsumexp.default", "aten.var.correction"))
        return draft.call(op, (Ref(source), (dim,)))[0]
    return draft.call(rng.choice(("aten.amax.default", "aten.amin.default")), (Ref(source), (dim,)))[0]


def _by_index(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    dim = _some_dim(rng, wanted)
    high = rng.choice((1, 2, 3, 7, 8))
    source = _source(draft, rng, _with_size(wanted, dim, high))
    values = Drawn("index", rng.randrange(1 << 31), high)
    if rng.random() < 0.5:
        index = draft.fresh_index(TensorType("i64", wanted.shape), values)
        return draft.call("aten.gather.default", (Ref(source), dim, Ref(index)))[0]
    index = draft.fresh_index(TensorType("i64", (wanted.shape[dim],)), values)
    return draft.call("aten.index_select.default", (Ref(source), dim, Ref(index)))[0]


def _by_where(draft: Draft, rng: random.Random, wanted: TensorType) -> int:
    condition = _source(draft, rng, TensorType("bool", wanted.shape[rng.randint(0, len(wanted.shape)) :]))
    first, second = _source(draft, rng, wanted), _source(draft, rng, wanted)
    return draft.call("aten.where.self", (Ref(condition), Ref(first), Ref(second)))[0]


PRODUCERS: tuple[Producer, ...] = (
    _by_slice, _by_permute, _by_transpose, _by_expand, _by_select, _by_reshape, _by_cat, _by_pad, _by_cast,
    _by_reduction, _by_index, _by_where,
)  # fmt: skip

# The others need a dimension to work along.
PRODUCERS_OF_SCALARS: tuple[Producer, ...] = (_by_select, _by_reshape, _by_cast, _by_reduction, _by_where)
