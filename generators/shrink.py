"""Calls with large tensors made small: sizes are replaced everywhere, so that those that must agree still do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from math import prod

from tensorsmith.generators.rules.ask import ask_about
from tensorsmith.generators.table import Record
from tensorsmith.ir.graph import Arg, TensorType

LARGEST = 2048  # elements of a tensor
WIDEST = 64  # size of a dimension
KEPT = 8  # sizes up to this one stay, if a call can be made small so

_SMALL = (2, 3, 4, 5, 6, 7, 8)
_FACTORS = range(2, 9)

Replacement = dict[int, int]


def is_small(record: Record) -> bool:
    """Whether a call is of a size that random programs have."""
    types = (*record.tensors, *record.results)
    return all(t.numel <= LARGEST and max((*t.shape, 0)) <= WIDEST for t in types)


def shrunk(op: str, record: Record) -> Record | None:
    """A small call that is like a large one and that eager accepts, or None if none was found."""
    sizes = _sizes(record)
    candidates = [small for make in _REPLACEMENTS if (small := _replaced(record, make(sizes))) is not None]
    return next(iter(ask_about(op, list(dict.fromkeys(candidates)), 1)), None)


def _sizes(record: Record) -> list[int]:
    """The sizes that a call names, in tensors or in its arguments, from the least to the greatest."""
    found = {n for t in (*record.tensors, *record.results) for n in t.shape}
    for arg in (*record.args, *dict(record.kwargs).values()):
        if isinstance(arg, tuple):
            found |= {a for a in arg if isinstance(a, int) and not isinstance(a, bool)}
    return sorted(n for n in found if n > 1)


def _related(factors: Sequence[int], kept: int = KEPT) -> Callable[[Sequence[int]], Replacement]:
    """Replaces sizes so that products of two stay products, and multiples by one of some factors stay multiples."""

    def make(sizes: Sequence[int]) -> Replacement:
        found: Replacement = {n: n for n in sizes if n <= kept}
        free = cycle(_SMALL)
        for size in sizes[len(found) :]:
            product = next(((a, b) for a in found for b in found if a * b == size), None)
            multiple = next(((a, k) for a in found for k in factors if a * k == size), None)
            if product is not None:
                found[size] = found[product[0]] * found[product[1]]
            elif multiple is not None:
                found[size] = found[multiple[0]] * multiple[1]
            else:
                found[size] = next(free)
        return found

    return make


def _divided(divisor: int) -> Callable[[Sequence[int]], Replacement]:
    return lambda sizes: {n: n if n <= KEPT else max(n // divisor, 1) for n in sizes}


_REPLACEMENTS: tuple[Callable[[Sequence[int]], Replacement], ...] = (
    _related(_FACTORS),
    _related((2, 3, 4)),
    _related(()),
    _related((2, 3, 4), kept=1),
    _related((), kept=1),
    *(_divided(2**power) for power in range(1, 11)),
)


def _replaced(record: Record, sizes: Replacement) -> Record | None:
    tensors = tuple(TensorType(t.dtype, tuple(sizes.get(n, n) for n in t.shape)) for t in record.tensors)
    if any(prod(t.shape) > LARGEST or max((*t.shape, 0)) > WIDEST for t in tensors):
        return None
    return Record(
        tensors,
        tuple(_replaced_arg(arg, sizes) for arg in record.args),
        tuple((name, _replaced_arg(arg, sizes)) for name, arg in record.kwargs),
    )


def _replaced_arg(arg: Arg, sizes: Replacement) -> Arg:
    if isinstance(arg, tuple):
        return tuple(_replaced_arg(item, sizes) for item in arg)  # type: ignore[misc]
    return sizes.get(arg, arg) if isinstance(arg, int) and not isinstance(arg, bool) else arg
