"""Fresh inputs: sizes where bugs live, layouts, and value recipes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import TypeVar

from tensorsmith.ir.dtypes import COMMON, FLOATS, DType
from tensorsmith.ir.graph import TensorType, contiguous_strides, tensor_type
from tensorsmith.ir.recipe import Drawn, ValueClass, Values

T = TypeVar("T")

# 0, 1, primes, and multiples of vector widths plus and minus one.
SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16, 17, 31, 32, 33)
_SIZES_SUMMED = tuple(accumulate((1, 8, 9, 10, 8, 9, 8, 8, 6, 3, 3, 5, 5, 5, 2, 2, 2)))
_RANKS, _RANKS_SUMMED = tuple(range(7)), tuple(accumulate((3, 6, 10, 8, 5, 1, 1)))

LARGEST = 4096  # elements of a value
DEEPEST = 6  # rank of a value

_DTYPE_WEIGHTS: dict[DType, int] = {
    "bool": 4, "i8": 4, "i16": 3, "i32": 5, "i64": 6, "u8": 4, "f16": 6, "bf16": 6, "f32": 22, "f64": 5,
}  # fmt: skip

_CLASS_WEIGHTS: dict[ValueClass, int] = {
    "normal": 66, "integers": 8, "uniform": 5, "ties": 7, "ones": 1, "zeros": 2, "tiny": 2, "signed-zeros": 2,
    "denormal": 1, "special": 3, "extremes": 1, "huge": 1,
}  # fmt: skip
_CLASSES, _CLASSES_SUMMED = tuple(_CLASS_WEIGHTS), tuple(accumulate(_CLASS_WEIGHTS.values()))
# Values that are used as indices.
INDICES: tuple[ValueClass, ...] = ("index", "permutation")
# Values that keep every guard's promise and every cast in range.
TAME: tuple[ValueClass, ...] = ("normal", "integers", "uniform", "ties")


def weighted(rng: random.Random, among: Sequence[T], summed: Sequence[float]) -> T:
    """One of a few things, by the running sums of their weights."""
    return rng.choices(among, cum_weights=summed)[0]


def random_size(rng: random.Random) -> int:
    """A size of a dimension."""
    return weighted(rng, SIZES, _SIZES_SUMMED)


def random_shape(rng: random.Random, rank: int | None = None) -> tuple[int, ...]:
    """A shape of at most `LARGEST` elements; rank 0 to 6 if none is given, mostly 1 to 4."""
    if rank is None:
        rank = weighted(rng, _RANKS, _RANKS_SUMMED)
    shape: list[int] = []
    left = LARGEST // 2
    for _ in range(rank):
        size = random_size(rng)
        while size > left:
            size //= 2
        left //= max(size, 1)
        shape.append(size)
    rng.shuffle(shape)
    return tuple(shape)


def random_dtype(rng: random.Random, among: Sequence[DType] = COMMON) -> DType:
    """A dtype, the more usual ones more often."""
    return weighted(rng, among, _summed(tuple(among)))


@cache
def _summed(among: tuple[DType, ...]) -> tuple[int, ...]:
    return tuple(accumulate(_DTYPE_WEIGHTS.get(d, 1) for d in among))


def recipe_for(type_: TensorType, rng: random.Random) -> Values:
    """A recipe for an input of a type: mostly plain values, now and then ties, zeros, NaN or extremes."""
    kind = weighted(rng, _CLASSES, _CLASSES_SUMMED)
    if type_.dtype not in FLOATS and kind in ("tiny", "denormal", "signed-zeros"):
        kind = "normal"
    return Drawn(kind, rng.randrange(1 << 31))


def tame_recipe(rng: random.Random) -> Values:
    """A recipe of small finite values."""
    return Drawn(rng.choice(TAME), rng.randrange(1 << 31))


def index_recipe(high: int, distinct: bool, rng: random.Random) -> Values:
    """A recipe of whole numbers in `[0, high)`, all different if `distinct` and there are at most `high` of them."""
    return Drawn("permutation" if distinct else "index", rng.randrange(1 << 31), high)


def random_layout(dtype: DType, shape: tuple[int, ...], rng: random.Random) -> TensorType:
    """A type of a dtype and shape: contiguous mostly, else permuted, with gaps, expanded, offset or overlapping."""
    rank = len(shape)
    draw = rng.random()
    if rank == 0 or draw < 0.62:
        return TensorType(dtype, shape, offset=rng.choice((1, 3, 8)) if 0.58 < draw < 0.62 else 0)
    if draw < 0.76 and rank > 1:
        order = list(range(rank))
        if rank == 4 and rng.random() < 0.4:
            order = [0, 2, 3, 1]  # channels last
        elif rng.random() < 0.5:
            order[-1], order[-2] = order[-2], order[-1]
        else:
            rng.shuffle(order)
        return tensor_type(dtype, shape, _permuted_strides(shape, order))
    if draw < 0.86:
        # As slicing with a step or cutting a larger tensor leaves it.
        steps = [rng.choice((1, 1, 2, 3)) for _ in shape]
        grown = tuple(n * s + rng.choice((0, 1)) for n, s in zip(shape, steps, strict=True))
        strides = tuple(s * t for s, t in zip(steps, contiguous_strides(grown), strict=True))
        made = tensor_type(dtype, shape, strides, rng.choice((0, 0, 1, 2)))
        return made if made.storage_size <= 4 * LARGEST else TensorType(dtype, shape)
    if draw < 0.97:
        expanded = set(rng.sample(range(rank), rng.randint(1, rank)))
        kept = tuple(1 if d in expanded else n for d, n in enumerate(shape))
        strides = tuple(0 if d in expanded else s for d, s in enumerate(contiguous_strides(kept)))
        return tensor_type(dtype, shape, strides)
    # Overlapping windows, as `unfold` makes them.
    return tensor_type(dtype, shape, tuple(rng.choice((1, 2)) for _ in shape))


def _permuted_strides(shape: tuple[int, ...], order: Sequence[int]) -> tuple[int, ...]:
    strides = [0] * len(shape)
    step = 1
    for dim in reversed(order):
        strides[dim] = step
        step *= max(shape[dim], 1)
    return tuple(strides)
