"""Which programs of a batch enter Inductor through Dynamo."""

from __future__ import annotations

import pytest
from torch._dynamo.utils import counters

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.inductor.target import DYNAMO_SHARE, Inductor

MATRIX = TensorType("f32", (8, 8))


def product(shared: bool, seed: int) -> TestCase:
    """A product of two matrices, for which Inductor generates no kernel."""
    builder = GraphBuilder()
    x = builder.input(MATRIX)
    y = builder.input(MATRIX, shares=x if shared else None)
    (z,) = builder.call("aten.mm.default", (Ref(x), Ref(y)))
    return TestCase(builder.build([z]), InputRecipe((Drawn("normal", seed), Drawn("normal", seed))), "inductor")


@pytest.mark.parametrize(("shared", "graphs"), [(True, 1), (False, 0)])
def test_inputs_that_share_memory_go_through_dynamo(shared: bool, graphs: int) -> None:
    case = next(case for seed in range(99) if int((case := product(shared, seed)).id, 16) % DYNAMO_SHARE)
    counters.clear()
    (compiled,) = Inductor().compile_many([case])
    assert not isinstance(compiled, Exception)
    assert counters["stats"]["unique_graphs"] == graphs
