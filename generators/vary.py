"""Other values for an operator's arguments: by the argument's name and the type of the tensor that it is about."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tensorsmith.ir.dtypes import COMMON, FLOATS, INTEGERS, DType, integer_range
from tensorsmith.ir.graph import Arg, DTypeArg, SpecialFloat, Symbol, TensorType


@dataclass(frozen=True)
class Context:
    """What a rule may look at: the operator's base name, the main tensor's type, and the call's arguments so far.

    `sizes` maps sizes in the record to the sizes that took their place.
    """

    base: str
    main: TensorType
    arguments: Mapping[str, Arg]
    sizes: Mapping[int, int]

    @property
    def rank(self) -> int:
        """Rank of the main tensor."""
        return len(self.main.shape)

    def size(self) -> int:
        """The main tensor's size along the `dim` argument, 1 if there is none."""
        dim = self.arguments.get("dim", self.arguments.get("dimension", 0))
        if isinstance(dim, int) and -self.rank <= dim < self.rank:
            return self.main.shape[dim]
        return 1


Rule = Callable[[Context, Arg, random.Random], Arg]

# Operators whose `dim` counts the dimensions of the result, which has one more.
_ONE_MORE = ("unsqueeze", "unsqueeze_copy", "stack", "diag_embed")
_SCALAR_CHOICES = (0, 1, -1, 2, 3, -2, 0.5, 1.5, -0.25, 2.0, 1e-3, 7, 10)


def scalar(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    """A number that the main tensor's dtype can hold, now and then one of another kind that promotes."""
    dtype = ctx.main.dtype
    if isinstance(old, bool) and rng.random() < 0.5:
        return rng.random() < 0.5
    if dtype in FLOATS:
        if rng.random() < 0.02:
            return SpecialFloat(rng.choice(("inf", "-inf", "nan")))
        return rng.choice(_SCALAR_CHOICES)
    if isinstance(old, float) and rng.random() < 0.3:
        return rng.choice((0.5, 1.5, 2.0, -1.25))
    return integer_scalar(dtype, rng)


def integer_scalar(dtype: DType, rng: random.Random) -> int:
    """A whole number in the range of a dtype, mostly small; bool takes 0 and 1."""
    low, high = integer_range(dtype) if dtype in INTEGERS or dtype == "bool" else (-128, 127)
    if rng.random() < 0.05:
        return rng.choice((low, high))
    return max(low, min(high, rng.choice((0, 1, 2, 3, 5, 7, -1, -2, -7, 100))))


def _beta(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    return rng.choice((0.5, 1.0, 2.0)) if "loss" in ctx.base else scalar(ctx, old, rng)


def _divisor(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    found = scalar(ctx, old, rng)
    return found if not isinstance(found, (int, float)) or found not in (0, -1) else 3


def _other(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    if any(word in ctx.base for word in ("div", "remainder", "fmod")):
        return _divisor(ctx, old, rng)
    if "shift" in ctx.base:
        return rng.randrange(8)
    return scalar(ctx, old, rng)


def _exponent(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    if isinstance(old, tuple):
        return tuple(rng.choice((0, 1, 2, 3, 0.5)) for _ in old)
    if ctx.main.dtype in FLOATS:
        return rng.choice((0, 1, 2, 3, 4, -1, -2, 0.5, -0.5, 1.5, 2.0))
    return rng.choice((0, 1, 2, 3, 5, 0.5, 2.0)) if not ctx.base.endswith("_") else rng.choice((0, 1, 2, 3))


def _dim(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    if isinstance(old, tuple):
        return _dims(ctx, old, rng)
    rank = max(ctx.rank + (ctx.base in _ONE_MORE), 1)
    return rng.randrange(-rank, rank)


def _second_dim(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    """A dimension that is not `dim1`; of `diag_embed` one of the result, which has one more."""
    first, rank = ctx.arguments.get("dim1"), ctx.rank + (ctx.base == "diag_embed")
    others = [d for d in range(-rank, rank) if isinstance(first, int) and (d - first) % rank]
    return rng.choice(others) if others else old


def _dims(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    rank = ctx.rank
    count = rank if ctx.base.startswith("permute") else rng.randint(0, rank)
    if ctx.base in ("roll", "movedim", "rot90") and isinstance(old, tuple):
        count = len(old)
    if count > rank:
        return old
    dims = rng.sample(range(rank), count)
    return tuple(d - rank if rng.random() < 0.3 else d for d in dims)


def _start_dim(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    return rng.randrange(max(ctx.rank, 1))


def _end_dim(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    start = ctx.arguments.get("start_dim", 0)
    return rng.randrange(start if isinstance(start, int) and 0 <= start < ctx.rank else 0, max(ctx.rank, 1))


def _flag(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    return rng.random() < 0.5


def _choice(*options: Arg) -> Rule:
    return lambda ctx, old, rng: rng.choice(options)


def _within(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    size = ctx.size()
    return rng.randrange(-size, size) if size else old


def _start(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    size = ctx.size()
    if ctx.base == "slice_scatter":
        # The tensor that goes there has a size already.
        return rng.choice((None, 0, -size)) if old in (None, 0) else old
    if ctx.base.startswith("slice"):
        return rng.choice((None, 0, 1, rng.randint(-size - 1, size + 1)))
    if ctx.base.startswith("narrow"):
        return rng.randint(0, size)
    return old


def _end(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    size = ctx.size()
    if ctx.base == "slice_scatter":
        return rng.choice((None, size, size + 2, (1 << 63) - 1)) if old is None or old == size else old
    if ctx.base.startswith("slice"):
        return rng.choice((None, size, size - 1, -1, rng.randint(-size - 1, size + 2), (1 << 63) - 1))
    return old


def _step(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    return old if ctx.base == "slice_scatter" else rng.choice((1, 1, 2, 3))


def _length(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    start = ctx.arguments.get("start")
    return rng.randint(0, max(ctx.size() - start, 0)) if isinstance(start, int) else old


def _k(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    return rng.randint(0 if ctx.base == "topk" else 1, max(ctx.size(), 1))


def _offset(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    reach = max(ctx.main.shape, default=1)
    return rng.choice((0, 1, -1, rng.randint(-reach, reach)))


def _size(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    if isinstance(old, int):
        return rng.randint(1, max(ctx.size(), 1)) if ctx.base.startswith("unfold") else old
    if not isinstance(old, tuple):
        return old
    if ctx.base in ("view", "reshape", "_unsafe_view", "view_copy"):
        return _same_numel(ctx.main.numel, ctx.main.shape, rng)
    if ctx.base in ("expand", "broadcast_to", "expand_copy"):
        grown = tuple(rng.choice((1, 2, 3, 5, 8)) if n == 1 else n for n in ctx.main.shape)
        kept = tuple(-1 if rng.random() < 0.1 else n for n in grown) if ctx.base == "expand" else grown
        return (*(rng.choice((1, 2, 3)) for _ in range(rng.choice((0, 0, 1)))), *kept)
    if ctx.base == "sum_to_size":
        return tuple(1 if rng.random() < 0.4 else n for n in ctx.main.shape)
    if ctx.base in ("zeros", "ones", "full", "new_zeros", "new_ones", "new_full"):
        return tuple(rng.choice((1, 2, 3, 5, 7, 8, 16, 17)) for _ in range(rng.randrange(4)))
    return mapped(ctx, old, rng)


def _same_numel(numel: int, shape: tuple[int, ...], rng: random.Random) -> tuple[int, ...]:
    """Another shape of the same number of elements."""
    if numel == 0:
        return tuple(rng.sample(shape, len(shape)))
    factors: list[int] = []
    left, divisor = numel, 2
    while left > 1:
        if left % divisor == 0:
            factors.append(divisor)
            left //= divisor
        else:
            divisor += 1
    rank = rng.randint(0 if numel == 1 else 1, 5)
    sizes = [1] * rank
    for factor in factors:
        sizes[rng.randrange(rank)] *= factor
    if sizes and rng.random() < 0.3:
        sizes[rng.randrange(rank)] = -1
    return tuple(sizes)


def mapped(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    """The same numbers, where sizes were replaced by what took their place."""
    if isinstance(old, tuple):
        return tuple(ctx.sizes.get(n, n) if isinstance(n, int) and n > 1 else n for n in old)
    return ctx.sizes.get(old, old) if isinstance(old, int) and old > 1 else old


def _normalized_shape(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    return ctx.main.shape[-len(old) :] if isinstance(old, tuple) and 0 < len(old) <= ctx.rank else old


def _split_size(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    return _split_sizes(ctx, old, rng) if isinstance(old, tuple) else rng.choice((1, 2, 3, 5))


def _split_sizes(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    left, sizes = ctx.size(), []
    for _ in range(rng.randint(0, 3)):
        sizes.append(rng.randint(0, left))
        left -= sizes[-1]
    return (*sizes, left)


def _sizes(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    size = ctx.size()
    return _same_numel(size, (), rng) or (1,) if size else rng.choice(((0,), (0, 2), (3, 0)))


def _pad(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    if ctx.base not in ("constant_pad_nd", "pad"):
        return tuple(rng.choice((0, 1, 1, 2, 3)) for _ in old) if isinstance(old, tuple) else old
    if ctx.base == "pad" and ctx.arguments.get("mode") != "constant":
        return tuple(rng.choice((0, 1, 2)) for _ in old) if isinstance(old, tuple) else old
    return tuple(rng.choice((0, 0, 1, 2, 3, -1)) for _ in range(2 * rng.randint(0, ctx.rank)))


def _each(*options: int) -> Rule:
    def rule(ctx: Context, old: Arg, rng: random.Random) -> Arg:
        if isinstance(old, tuple):
            return tuple(rng.choice(options) for _ in old)
        return rng.choice(options)

    return rule


def _padding(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    if isinstance(old, str):
        return rng.choice(("same", "valid"))
    if "pad" in ctx.base:
        return _pad(ctx, old, rng)
    kernel = ctx.arguments.get("kernel_size")
    if not isinstance(old, tuple):
        return old
    if isinstance(kernel, tuple) and "pool" in ctx.base:
        sizes = [k if isinstance(k, int) else 1 for k in kernel] or [1]
        return tuple(rng.randint(0, sizes[min(p, len(sizes) - 1)] // 2) for p in range(len(old)))
    return tuple(rng.choice((0, 1, 1, 2)) for _ in old)


def _output_size(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    if isinstance(old, tuple) and "conv" not in ctx.base and "im" not in ctx.base:
        return tuple(rng.choice((1, 2, 3, 4, 5, 7, 8)) for _ in old)
    return old


def dtype_argument(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    """A dtype, or None where the call may do without."""
    if old is None and rng.random() < 0.3:
        return None
    return DTypeArg(rng.choice(COMMON))


def _correction(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    return rng.choice((0, 1, 1, 2, 0.5))


def _memory_format(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    options: list[Arg] = [None, Symbol("contiguous_format"), Symbol("preserve_format")]
    return rng.choice([*options, Symbol("channels_last")] if ctx.rank == 4 else options)


def _output_padding(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    strides = ctx.arguments.get("stride")
    least = min((s for s in strides if isinstance(s, int)), default=1) if isinstance(strides, tuple) else 1
    return tuple(rng.randrange(max(least, 1)) for _ in old) if isinstance(old, tuple) else old


def _reduce(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    if ctx.base.startswith("index_reduce"):
        return rng.choice(("prod", "mean", "amax", "amin"))
    if ctx.base.startswith("scatter_reduce"):
        return rng.choice(("sum", "prod", "mean", "amax", "amin"))
    return rng.choice(("add", "multiply"))


def _sections(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    divisors = [n for n in range(1, 9) if ctx.size() % n == 0]
    return rng.choice(divisors) if isinstance(old, int) else old


def _repeats(ctx: Context, old: Arg, rng: random.Random) -> Arg:
    if not isinstance(old, tuple):
        return rng.choice((1, 2, 3))
    extra = rng.choice((0, 0, 1))
    return tuple(rng.choice((1, 1, 2, 3)) for _ in range(ctx.rank + extra))


# Arguments that hold for one size of the main tensor, or beside one other argument; so they are varied with these.
FOLLOWING = frozenset({"dim2", "sizes", "split_size", "split_sizes"})

RULES: dict[str, Rule] = {
    "dim": _dim, "dims": _dims, "dim0": _dim, "dim1": _dim, "dim2": _second_dim, "dimension": _dim, "axis": _dim,
    "start_dim": _start_dim, "end_dim": _end_dim,
    "keepdim": _flag, "unbiased": _flag, "ceil_mode": _flag, "count_include_pad": _flag, "descending": _flag,
    "stable": _flag, "largest": _flag, "sorted": _flag, "align_corners": _flag, "invert": _flag,
    "equal_nan": _flag, "log_target": _flag, "include_self": _flag, "full": _flag, "copy": _flag, "swap": _flag,
    "alpha": scalar, "beta": _beta, "value": scalar, "other": _other, "self": scalar, "fill_value": scalar,
    "exponent": _exponent, "min": scalar, "max": scalar, "threshold": scalar, "negative_slope": scalar,
    "weight": _choice(0, 1, 0.5, -0.25), "end": _end, "start": _start, "step": _step,
    "rounding_mode": _choice(None, "floor", "trunc"), "approximate": _choice("none", "tanh"),
    "reduction": _choice(0, 1, 2), "reduce": _reduce,
    "index": _within, "length": _length, "k": _k, "offset": _offset, "diagonal": _offset,
    "chunks": _choice(1, 2, 3, 5), "split_size": _split_size, "sizes": _sizes, "sections": _sections,
    "size": _size, "shape": _size, "normalized_shape": _normalized_shape, "split_sizes": _split_sizes,
    "repeats": _repeats, "pad": _pad, "padding": _padding,
    "shifts": _each(0, 1, -1, 2, 5), "kernel_size": _each(1, 2, 2, 3, 4), "stride": _each(1, 1, 2, 3),
    "dilation": _each(1, 1, 1, 2), "output_padding": _output_padding,
    "output_size": _output_size, "dtype": dtype_argument,
    "correction": _correction, "decimals": _choice(0, 1, 2, -1), "memory_format": _memory_format,
    "nan": _choice(None, 0.0, 1.5), "posinf": _choice(None, 2.0, 10.0), "neginf": _choice(None, -2.0, -10.0),
    "eps": _choice(1e-5, 1e-3, 0.1), "lambd": _choice(0.5, 0.1, 1.0), "delta": _choice(1.0, 0.5, 2.0),
    "margin": _choice(0.5, 1.0, 2.0), "n": _choice(1, 2, 3), "upscale_factor": _choice(1, 2, 3),
    "downscale_factor": _choice(1, 2, 3),
}  # fmt: skip
