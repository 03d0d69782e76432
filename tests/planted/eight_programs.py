"""Random programs that show the bugs of `eight_bugs`, each with one of them somewhere in the middle."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import DTypeArg, Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase

TARGET = "torch:eight"

# Operators of the bugs are among them: where they happen to meet, a program shows two.
UNARY = ("sin", "abs", "neg", "tanh", "erf", "relu", "atan")
BINARY = ("add.Tensor", "sub.Tensor", "maximum.default", "minimum.default", "mul.Tensor")

Shape = tuple[int, int]


def program(number: int) -> TestCase:
    """The program of a number: bug `number % 8`, counted from 0, between 4 to 24 random calls."""
    rng = Random(number)
    shape = rng.choice(((2, 3), (4, 8), (5, 5), (3, 7), (16, 2)))
    if number % 8 == 7:
        shape = rng.choice(((4, 8), (5, 5), (3, 7), (16, 2)))
    builder = GraphBuilder()
    values = [builder.input(TensorType("f32", shape)) for _ in range(rng.randint(1, 3))]
    outputs = [values[-1]] if rng.random() < 0.3 else []
    before, after = rng.randint(2, 12), rng.randint(2, 12)
    _surround(builder, rng, values, before)
    shown = BUGS[number % 8](builder, rng, rng.choice(values[-3:]), rng.choice(values))
    values.append(shown)
    _surround(builder, rng, values, after)
    outputs += [*values[-3:], shown]
    recipe = InputRecipe(tuple(Drawn("normal", rng.randrange(1000)) for _ in builder.inputs))
    return TestCase(builder.build(list(dict.fromkeys(outputs))), recipe, TARGET)


def _surround(builder: GraphBuilder, rng: Random, values: list[int], calls: int) -> None:
    """Random calls on values of one shape and dtype, or that are brought back to it."""
    for _ in range(calls):
        kind = rng.random()
        x = Ref(rng.choice(values[-5:]))
        if kind < 0.4:
            (made,) = builder.call(f"aten.{rng.choice(UNARY)}.default", (x,))
        elif kind < 0.8:
            (made,) = builder.call(f"aten.{rng.choice(BINARY)}", (x, Ref(rng.choice(values[-5:]))))
        elif kind < 0.9:
            (turned,) = builder.call("aten.permute.default", (x, (1, 0)))
            (even,) = builder.call("aten.neg.default", (Ref(turned),))
            (made,) = builder.call("aten.permute.default", (Ref(even), (1, 0)))
        else:
            (total,) = builder.call("aten.sum.dim_IntList", (x, (rng.randrange(2),), True))
            (made,) = builder.call("aten.sub.Tensor", (x, Ref(total)))
        values.append(made)


def _unary(op: str) -> Callable[[GraphBuilder, Random, int, int], int]:
    def add(builder: GraphBuilder, rng: Random, x: int, y: int) -> int:
        return builder.call(f"aten.{op}.default", (Ref(x),))[0]

    return add


def _mul_of_relu(builder: GraphBuilder, rng: Random, x: int, y: int) -> int:
    (rectified,) = builder.call("aten.relu.default", (Ref(x),))
    return builder.call("aten.mul.Tensor", (Ref(rectified), Ref(y)))[0]


def _relu_of_mul(builder: GraphBuilder, rng: Random, x: int, y: int) -> int:
    wide = [builder.call("aten._to_copy.default", (Ref(v),), (("dtype", DTypeArg("f64")),))[0] for v in (x, y)]
    (product,) = builder.call("aten.mul.Tensor", (Ref(wide[0]), Ref(wide[1])))
    (rectified,) = builder.call("aten.relu.default", (Ref(product),))
    return builder.call("aten._to_copy.default", (Ref(rectified),), (("dtype", DTypeArg("f32")),))[0]


def _clamp(builder: GraphBuilder, rng: Random, x: int, y: int) -> int:
    return builder.call("aten.clamp.default", (Ref(x), -1.5, 1.5))[0]


def _exp_of_turned(builder: GraphBuilder, rng: Random, x: int, y: int) -> int:
    (turned,) = builder.call("aten.permute.default", (Ref(x), (1, 0)))
    (small,) = builder.call("aten.tanh.default", (Ref(turned),))
    (grown,) = builder.call("aten.exp.default", (Ref(small),))
    return builder.call("aten.permute.default", (Ref(grown), (1, 0)))[0]


def _least(op: str) -> Callable[[GraphBuilder, Random, int, int], int]:
    def add(builder: GraphBuilder, rng: Random, x: int, y: int) -> int:
        (least,) = builder.call(f"aten.{op}.default", (Ref(x), (rng.randrange(2),), True))
        if rng.random() < 0.5:  # so that the second one of a program is named after the first
            (least,) = builder.call(f"aten.{op}.default", (Ref(least), (0, 1), True))
        return builder.call("aten.sub.Tensor", (Ref(y), Ref(least)))[0]

    return add


BUGS = (
    _unary("sigmoid"), _mul_of_relu, _relu_of_mul, _clamp, _exp_of_turned, _least("amin"), _least("amax"),
    _unary("cos"),
)  # fmt: skip
