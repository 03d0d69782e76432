"""Programs without some of their calls compute what they did."""

from __future__ import annotations

import pytest
import torch

from tensorsmith.generators.draft import Draft
from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.stand_ins import without_calls
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.fx import to_fx
from tensorsmith.ir.graph import DTypeArg, Graph, Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import structural_problem
from tensorsmith.targets.inputs import make_constants, make_inputs


def run(graph: Graph, recipe: InputRecipe) -> list[torch.Tensor]:
    return list(to_fx(graph, make_constants(graph))(*make_inputs(graph, recipe)))


def assert_same(actual: list[torch.Tensor], expected: list[torch.Tensor]) -> None:
    for a, e in zip(actual, expected, strict=True):
        assert (a.dtype, a.shape, a.stride()) == (e.dtype, e.shape, e.stride())
        torch.testing.assert_close(a, e, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("dtype", ["f32", "bf16", "f64", "i64", "bool"])
def test_an_input_stands_for_a_call(dtype: DType) -> None:
    draft = Draft(EagerBuilder())
    x = draft.input(TensorType("f32", (3, 4)), Drawn("special" if dtype.startswith(("f", "b")) else "ties", 1))
    (cast,) = draft.call("aten._to_copy.default", (Ref(x),), (("dtype", DTypeArg(dtype)),))
    (root,) = draft.call("aten.sqrt.default", (Ref(cast),))
    graph, recipe = draft.build([root])
    smaller, values = without_calls(graph, recipe, {0})
    assert structural_problem(smaller) is None
    assert smaller.operators() == ("aten.sqrt.default",)
    assert [i.type for i in smaller.inputs] == [TensorType(dtype, (3, 4))]
    assert_same(run(smaller, values), run(graph, recipe))


def test_it_has_the_layout_of_the_result() -> None:
    draft = Draft(EagerBuilder())
    x = draft.input(TensorType("f32", (4, 6)), Drawn("normal", 1))
    (cut,) = draft.call("aten.slice.Tensor", (Ref(x), 1, 1, 6, 2))
    (turned,) = draft.call("aten.t.default", (Ref(cut),))
    (wide,) = draft.call("aten.expand.default", (Ref(turned), (2, 3, 4)))
    (result,) = draft.call("aten.add.Tensor", (Ref(wide), Ref(turned)))
    graph, recipe = draft.build([result])
    smaller, values = without_calls(graph, recipe, {0, 1, 2})
    assert [i.type for i in smaller.inputs] == [graph.types()[turned], graph.types()[wide]]
    assert_same(run(smaller, values), run(graph, recipe))


def test_what_only_they_read_is_gone() -> None:
    draft = Draft(EagerBuilder())
    x = draft.input(TensorType("f32", (4,)), Drawn("normal", 1))
    y = draft.input(TensorType("f32", (2,)), Drawn("normal", 2), shares=x)
    z = draft.input(TensorType("f32", (1,)), Drawn("normal", 3))
    c = draft.builder.constant(TensorType("f32", (4,)), Drawn("normal", 4))
    (added,) = draft.call("aten.add.Tensor", (Ref(c), Ref(z)))
    (exp,) = draft.call("aten.exp.default", (Ref(y),))
    (result,) = draft.call("aten.add.Tensor", (Ref(exp), Ref(y)))
    graph, recipe = draft.build([added, result])
    smaller, values = without_calls(graph, recipe, {0})
    # `y` is a part of `x`, which has to stay.
    assert [i.shares for i in smaller.inputs] == [None, 0]
    assert not smaller.constants
    assert_same(run(smaller, values), run(graph, recipe)[1:])


def test_something_has_to_be_left_to_return() -> None:
    draft = Draft(EagerBuilder())
    x = draft.input(TensorType("f32", (4,)), Drawn("normal", 1))
    graph, recipe = draft.build(draft.call("aten.exp.default", (Ref(x),)))
    with pytest.raises(GraphError, match="returns"):
        without_calls(graph, recipe, {0})
