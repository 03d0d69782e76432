"""Small test cases for the tests of oracles."""

from __future__ import annotations

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import Arg, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe, Literals, Values
from tensorsmith.ir.testcase import TestCase

Call = tuple[str, tuple[Arg, ...]]


def case_of(
    types: list[TensorType], calls: list[Call], values: list[Values] | None = None, outputs: list[int] | None = None
) -> TestCase:
    """A test case for `eager`: inputs of some types, calls (results numbered on), the last result returned."""
    builder = GraphBuilder()
    for type_ in types:
        builder.input(type_)
    last = 0
    for op, args in calls:
        last = builder.call(op, args)[0]
    recipe = InputRecipe(tuple(values or [Drawn("normal", seed) for seed, _ in enumerate(types)]))
    return TestCase(builder.build(outputs or [last]), recipe, "eager")


def literal(*data: float | int | bool | str) -> Literals:
    """Values written out."""
    return Literals(data)
