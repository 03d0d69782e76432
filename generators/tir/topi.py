"""Functions that TVM's library of operators makes, on small random shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tensorsmith.generators.tir.parameters import of_function
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction

FLOATS = ("float32", "float32", "float64", "float16")
INTEGERS = ("int32", "int64", "int16", "uint8", "int32")
NUMBERS = (*FLOATS, *INTEGERS)
SIZES = (1, 2, 3, 4, 5, 6, 7, 8)

Shape = tuple[int, ...]
Made = tuple[list[Any], Any]  # the inputs and the result, as tensor expressions


@dataclass(frozen=True)
class Operator:
    """An operator of the library.

    Attributes:
        name: as the library has it.
        dtypes: of its first input.
        make: from a source of choices and a dtype to the inputs and the result.
        ranges: of the integers of its inputs, where not every value is allowed.
    """

    name: str
    dtypes: Sequence[str]
    make: Callable[[Random, str], Made]
    ranges: tuple[tuple[int, int] | None, ...] = ()


def random_operator(rng: Random, operator: Operator | None = None) -> TirFunction:
    """A function in block form that computes an operator, by default any of `OPERATORS`.

    Raises:
        EnvironmentLacksError: TVM is not installed.
    """
    chosen = operator or rng.choice(OPERATORS)
    inputs, result = chosen.make(rng, rng.choice(chosen.dtypes))
    made = of_function(adapter.scheduled_operator([*inputs, result]), chosen.ranges)
    if made is None:
        raise ValueError(f"{chosen.name}: a parameter of the function is no buffer")
    return made


def _tensor(shape: Sequence[int], dtype: str, name: str = "A") -> Any:
    return adapter.tvm().root.te.placeholder(tuple(shape), dtype, name=name)


def _shape(rng: Random, low: int = 1, high: int = 3) -> Shape:
    return tuple(rng.choice(SIZES[:6] if low > 2 else SIZES) for _ in range(rng.randint(low, high)))


def _axis(rng: Random, shape: Shape) -> int:
    return rng.randrange(-len(shape), len(shape))


def _function(name: str) -> Any:
    found = adapter.topi()
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _of_one(name: str, *arguments: Any) -> Callable[[Random, str], Made]:
    def make(rng: Random, dtype: str) -> Made:
        a = _tensor(_shape(rng), dtype)
        return [a], _function(name)(a, *arguments)

    return make


def _of_two(name: str) -> Callable[[Random, str], Made]:
    """Of two tensors, one of which may be broadcast."""

    def make(rng: Random, dtype: str) -> Made:
        shape = _shape(rng)
        other = tuple(1 if rng.random() < 0.25 else size for size in shape)[rng.choice([0, 0, len(shape) - 1]) :]
        a, b = _tensor(shape, dtype), _tensor(other, dtype, "B")
        return [a, b], _function(name)(a, b)

    return make


def _reduced(name: str) -> Callable[[Random, str], Made]:
    def make(rng: Random, dtype: str) -> Made:
        shape = _shape(rng, 2)
        a = _tensor(shape, dtype)
        axes: Any = rng.sample(range(len(shape)), rng.randint(1, len(shape) - 1))
        if name.startswith("arg"):
            axes = axes[0]
        return [a], _function(name)(a, axis=axes, keepdims=rng.random() < 0.5)

    return make


def _along(name: str, **arguments: Any) -> Callable[[Random, str], Made]:
    def make(rng: Random, dtype: str) -> Made:
        shape = _shape(rng)
        a = _tensor(shape, dtype)
        return [a], _function(name)(a, axis=_axis(rng, shape), **arguments)

    return make


def _transpose(rng: Random, dtype: str) -> Made:
    shape = _shape(rng, 2)
    a = _tensor(shape, dtype)
    return [a], adapter.topi().transpose(a, rng.sample(range(len(shape)), len(shape)))


def _reshape(rng: Random, dtype: str) -> Made:
    shape = _shape(rng, 2)
    product = 1
    for size in shape:
        product *= size
    parts = [part for part in range(1, product + 1) if product % part == 0]
    first = rng.choice(parts)
    a = _tensor(shape, dtype)
    return [a], adapter.topi().reshape(a, (first, product // first))


def _concatenate(rng: Random, dtype: str) -> Made:
    shape = list(_shape(rng))
    axis = rng.randrange(len(shape))
    inputs = []
    for position in range(rng.choice([2, 2, 3])):
        shape[axis] = rng.choice(SIZES)
        inputs.append(_tensor(shape, dtype, f"A{position}"))
    return inputs, adapter.topi().concatenate(inputs, axis)


def _stack(rng: Random, dtype: str) -> Made:
    shape = _shape(rng, 1, 2)
    inputs = [_tensor(shape, dtype, f"A{position}") for position in range(2)]
    return inputs, adapter.topi().stack(inputs, rng.randrange(len(shape) + 1))


def _strided_slice(rng: Random, dtype: str) -> Made:
    shape = _shape(rng)
    begin = [rng.randrange(size) for size in shape]
    end = [rng.randint(low + 1, size) for low, size in zip(begin, shape, strict=True)]
    a = _tensor(shape, dtype)
    return [a], adapter.topi().strided_slice(a, begin, end, [rng.choice([1, 1, 2]) for _ in shape])


def _pad(rng: Random, dtype: str) -> Made:
    shape = _shape(rng)
    a = _tensor(shape, dtype)
    before, after = ([rng.choice([0, 0, 1, 2]) for _ in shape] for _ in range(2))
    return [a], adapter.topi().nn.pad(a, before, after, pad_value=rng.choice([0, 1]))


def _mirror_pad(rng: Random, dtype: str) -> Made:
    shape = tuple(max(size, 2) for size in _shape(rng, 1, 2))
    a = _tensor(shape, dtype)
    before, after = ([rng.choice([0, 1]) for _ in shape] for _ in range(2))
    return [a], adapter.topi().nn.mirror_pad(a, before, after, mode=rng.choice(["SYMMETRIC", "REFLECT"]))


def _take(rng: Random, dtype: str) -> Made:
    shape = tuple(max(size, 3) for size in _shape(rng))
    a, indices = _tensor(shape, dtype), _tensor(_shape(rng, 1, 2), "int32", "I")
    return [a, indices], adapter.topi().take(
        a, indices, axis=rng.randrange(len(shape)), mode=rng.choice(["clip", "wrap"])
    )


def _gather(rng: Random, dtype: str) -> Made:
    shape = tuple(max(size, 3) for size in _shape(rng))
    a, indices = _tensor(shape, dtype), _tensor(shape, "int32", "I")
    return [a, indices], adapter.topi().gather(a, rng.randrange(len(shape)), indices)


def _where(rng: Random, dtype: str) -> Made:
    shape = _shape(rng)
    test, a, b = _tensor(shape, "bool", "C"), _tensor(shape, dtype), _tensor(shape, dtype, "B")
    return [test, a, b], adapter.topi().where(test, a, b)


def _cast(rng: Random, dtype: str) -> Made:
    a = _tensor(_shape(rng), dtype)
    targets = [other for other in NUMBERS if other != dtype]
    return [a], adapter.topi().cast(a, rng.choice(targets))


def _clip(rng: Random, dtype: str) -> Made:
    a = _tensor(_shape(rng), dtype)
    return [a], adapter.topi().clip(a, rng.choice([0, 1]), rng.choice([2, 5, 6]))


def _matmul(rng: Random, dtype: str) -> Made:
    m, k, n = (rng.choice(SIZES) for _ in range(3))
    a, b = _tensor((m, k), dtype), _tensor((k, n), dtype, "B")
    return [a, b], adapter.topi().matmul(a, b)


def _dense(rng: Random, dtype: str) -> Made:
    m, k, n = (rng.choice(SIZES) for _ in range(3))
    a, b, bias = _tensor((m, k), dtype), _tensor((n, k), dtype, "B"), _tensor((n,), dtype, "C")
    return [a, b, bias], adapter.topi().nn.dense(a, b, bias)


def _batch_matmul(rng: Random, dtype: str) -> Made:
    batch, m, k, n = (rng.choice(SIZES[:5]) for _ in range(4))
    a, b = _tensor((batch, m, k), dtype), _tensor((batch, n, k), dtype, "B")
    return [a, b], adapter.topi().nn.batch_matmul(a, b)


def _conv2d(rng: Random, dtype: str) -> Made:
    channels, filters, size, kernel = (
        rng.choice([1, 2, 3]),
        rng.choice([1, 2]),
        rng.choice([4, 5, 6]),
        rng.choice([1, 2, 3]),
    )
    a, b = _tensor((1, channels, size, size), dtype), _tensor((filters, channels, kernel, kernel), dtype, "B")
    stride, padding, dilation = rng.choice([1, 2]), rng.choice([0, 1]), 1
    return [a, b], adapter.topi().nn.conv2d_nchw(a, b, stride, padding, dilation)


def _conv1d(rng: Random, dtype: str) -> Made:
    channels, size, kernel = rng.choice([1, 2, 3]), rng.choice([5, 6, 8]), rng.choice([1, 2, 3])
    a, b = _tensor((2, channels, size), dtype), _tensor((2, channels, kernel), dtype, "B")
    return [a, b], adapter.topi().nn.conv1d_ncw(a, b, rng.choice([1, 2]), rng.choice([0, 1]), 1)


def _depthwise(rng: Random, dtype: str) -> Made:
    channels, size = rng.choice([1, 2, 3]), rng.choice([4, 5])
    a, b = _tensor((1, channels, size, size), dtype), _tensor((channels, 1, 2, 2), dtype, "B")
    return [a, b], adapter.topi().nn.depthwise_conv2d_nchw(a, b, rng.choice([1, 2]), rng.choice([0, 1]), 1)


def _pool(rng: Random, dtype: str) -> Made:
    size = rng.choice([4, 5, 6])
    a = _tensor((1, 2, size, size), dtype)
    kernel, stride, padding = rng.choice([1, 2, 3]), rng.choice([1, 2]), rng.choice([0, 1])
    if kernel == 1:
        padding = 0
    kind = rng.choice(["max", "avg"])
    return [a], adapter.topi().nn.pool2d(
        a, (kernel, kernel), (stride, stride), (1, 1), (padding, padding, padding, padding), kind
    )


def _layer_norm(rng: Random, dtype: str) -> Made:
    shape = _shape(rng, 2)
    a, scale, shift = _tensor(shape, dtype), _tensor(shape[-1:], dtype, "B"), _tensor(shape[-1:], dtype, "C")
    return [a, scale, shift], adapter.topi().nn.layer_norm(a, scale, shift, [len(shape) - 1])


def _prelu(rng: Random, dtype: str) -> Made:
    shape = _shape(rng, 2)
    a, slope = _tensor(shape, dtype), _tensor(shape[1:2], dtype, "B")
    return [a, slope], adapter.topi().nn.prelu(a, slope, 1)


def _one_hot(rng: Random, dtype: str) -> Made:
    indices, tirx = _tensor(_shape(rng, 1, 2), "int32", "I"), adapter.tvm().tirx
    on, off = (tirx.FloatImm(dtype, value) for value in (1.0, 0.0))
    return [indices], adapter.topi().one_hot(indices, on, off, rng.choice([3, 4, 5]), -1, dtype)


def _tile(rng: Random, dtype: str) -> Made:
    shape = _shape(rng, 1, 2)
    a = _tensor(shape, dtype)
    return [a], adapter.topi().tile(a, [rng.choice([1, 2, 3]) for _ in shape])


def _repeat(rng: Random, dtype: str) -> Made:
    shape = _shape(rng, 1, 2)
    a = _tensor(shape, dtype)
    return [a], adapter.topi().repeat(a, rng.choice([2, 3]), rng.randrange(len(shape)))


def _log_softmax(rng: Random, dtype: str) -> Made:
    a = _tensor(_shape(rng, 2, 2), dtype)
    return [a], adapter.topi().nn.log_softmax(a)


def _shift_bits(name: str) -> Callable[[Random, str], Made]:
    def make(rng: Random, dtype: str) -> Made:
        shape = _shape(rng)
        a, amount = _tensor(shape, dtype), _tensor(shape, dtype, "B")
        return [a, amount], _function(name)(a, amount)

    return make


OPERATORS: tuple[Operator, ...] = (
    *(Operator(name, FLOATS, _of_one(name)) for name in (
        "exp", "log", "sqrt", "rsqrt", "tanh", "sigmoid", "erf", "floor", "ceil", "trunc", "round", "fast_exp",
        "fast_tanh", "fast_erf", "sin", "cos", "isnan", "isinf",
    )),
    *(Operator(name, NUMBERS, _of_one(name)) for name in ("abs", "sign", "negative", "nn.relu", "nn.flatten")),
    Operator("nn.leaky_relu", FLOATS, _of_one("nn.leaky_relu", 0.1)),
    *(Operator(name, NUMBERS, _of_two(name)) for name in (
        "add", "subtract", "multiply", "maximum", "minimum", "equal", "not_equal", "less", "less_equal", "greater",
        "greater_equal",
    )),
    *(Operator(name, FLOATS, _of_two(name)) for name in ("divide", "power")),
    *(
        Operator(name, INTEGERS, _of_two(name), (None, (1, 7)))
        for name in ("floor_divide", "floor_mod", "mod")
    ),
    *(Operator(name, INTEGERS, _of_two(name)) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")),
    Operator("bitwise_not", INTEGERS, _of_one("bitwise_not")),
    *(Operator(name, INTEGERS, _shift_bits(name), ((0, 7), (0, 3))) for name in ("left_shift", "right_shift")),
    *(
        Operator(name, (*FLOATS, "int32", "int64"), _reduced(name))
        for name in ("sum", "max", "min", "argmax", "argmin")
    ),
    Operator("prod", FLOATS, _reduced("prod")),
    *(Operator(name, FLOATS, _along(name)) for name in ("nn.softmax", "nn.fast_softmax")),
    Operator("nn.log_softmax", FLOATS, _log_softmax),
    *(Operator(name, NUMBERS, _along(name)) for name in ("flip", "expand_dims")),
    Operator("transpose", NUMBERS, _transpose),
    Operator("reshape", NUMBERS, _reshape),
    Operator("concatenate", NUMBERS, _concatenate),
    Operator("stack", NUMBERS, _stack),
    Operator("strided_slice", NUMBERS, _strided_slice),
    Operator("nn.pad", NUMBERS, _pad),
    Operator("nn.mirror_pad", NUMBERS, _mirror_pad),
    Operator("take", NUMBERS, _take, (None, (0, 2))),
    Operator("gather", NUMBERS, _gather, (None, (0, 2))),
    Operator("where", NUMBERS, _where),
    Operator("cast", INTEGERS, _cast, ((0, 100),)),
    Operator("clip", NUMBERS, _clip),
    Operator("matmul", (*FLOATS, "int32"), _matmul),
    Operator("nn.dense", (*FLOATS, "int32"), _dense),
    Operator("nn.batch_matmul", (*FLOATS, "int32"), _batch_matmul),
    Operator("nn.conv2d_nchw", (*FLOATS, "int32"), _conv2d),
    Operator("nn.conv1d_ncw", (*FLOATS, "int32"), _conv1d),
    Operator("nn.depthwise_conv2d_nchw", FLOATS, _depthwise),
    Operator("nn.pool2d", FLOATS, _pool),
    Operator("nn.layer_norm", ("float32", "float16"), _layer_norm),
    Operator("nn.prelu", FLOATS, _prelu),
    Operator("one_hot", FLOATS, _one_hot, ((0, 2),)),
    Operator("tile", NUMBERS, _tile),
    Operator("repeat", NUMBERS, _repeat),
)  # fmt: skip
