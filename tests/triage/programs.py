"""Test cases for the planted backend, and judging them."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import Graph, Ref, TensorType
from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tests.triage import planted

TARGET = "torch:planted"
PREAMBLE = Path(planted.__file__).read_text(encoding="utf-8")

UNARY = ("sin", "cos", "abs", "sigmoid")
BINARY = ("add.Tensor", "sub.Tensor", "maximum.default")


def case_of(graph: Graph, target: str = TARGET, pipeline: Pipeline | None = None) -> TestCase:
    """A test case on normal values."""
    values = tuple(Drawn("normal", seed) for seed in range(len(graph.inputs)))
    return TestCase(graph, InputRecipe(values), target, pipeline=pipeline or Pipeline())


def chain(*ops: str, shape: tuple[int, ...] = (2, 3), target: str = TARGET) -> TestCase:
    """Operators of one operand, each on the result of the one before."""
    builder = GraphBuilder()
    value = builder.input(TensorType("f32", shape))
    for op in ops:
        (value,) = builder.call(f"aten.{op}.default", (Ref(value),))
    return case_of(builder.build([value]), target)


def relu_mul(shape: tuple[int, ...] = (2, 3), target: str = TARGET) -> TestCase:
    """The smallest program that the planted backend gets wrong."""
    builder = GraphBuilder()
    x, y = builder.input(TensorType("f32", shape)), builder.input(TensorType("f32", shape))
    (a,) = builder.call("aten.relu.default", (Ref(x),))
    (b,) = builder.call("aten.mul.Tensor", (Ref(a), Ref(y)))
    return case_of(builder.build([b]), target)


def random_program(seed: int, length: int) -> TestCase:
    """A random program of `length` calls in the middle of which `mul` follows `relu`; it returns seven values."""
    rng = Random(seed)
    builder = GraphBuilder()
    values = [builder.input(TensorType("f32", (4, 8))) for _ in range(3)]
    wrong = values[0]
    while len(builder.nodes) < length:
        if len(builder.nodes) == length // 2:
            (rectified,) = builder.call("aten.relu.default", (Ref(values[-1]),))
            (wrong,) = builder.call("aten.mul.Tensor", (Ref(rectified), Ref(values[0])))
            values += [rectified, wrong]
        elif rng.random() < 0.5:
            values += builder.call(f"aten.{rng.choice(UNARY)}.default", (Ref(rng.choice(values[-5:])),))
        else:
            operands = tuple(Ref(rng.choice(values[-5:])) for _ in range(2))
            values += builder.call(f"aten.{rng.choice(BINARY)}", operands)
    return case_of(builder.build([*values[-6:], wrong]))
