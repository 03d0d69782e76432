"""Operators whose meta kernel and eager disagree, and programs that both accept."""

from __future__ import annotations

import random

import pytest

from tensorsmith.generators.draft import Draft
from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.graphs import random_graph
from tensorsmith.generators.meta import check_with_meta_kernels, meta_differs
from tensorsmith.generators.table import entry_of
from tensorsmith.ir.check import type_check
from tensorsmith.ir.graph import Ref, TensorType
from tensorsmith.ir.recipe import Drawn


@pytest.mark.parametrize(
    ("op", "differs"), [("aten.cov.default", True), ("aten.add.Tensor", False), ("aten.sum.dim_IntList", False)]
)
def test_it_is_found_out_whether_meta_kernel_and_eager_disagree(op: str, differs: bool) -> None:
    assert meta_differs(entry_of(op)) == differs == entry_of(op).meta_differs


def test_a_call_that_only_eager_accepts_is_taken_out() -> None:
    draft = Draft(EagerBuilder())
    x = draft.input(TensorType("f32", (3, 4)), Drawn("normal", 1))
    (covariance,) = draft.call("aten.cov.default", (Ref(x),))
    (doubled,) = draft.call("aten.mul.Tensor", (Ref(covariance), Ref(covariance)))
    graph, recipe = draft.build([doubled])
    checked, values = check_with_meta_kernels(graph, recipe, random.Random(0))
    assert [node.op for node in checked.nodes] == ["aten.mul.Tensor"]
    assert len(checked.inputs) == len(values.inputs) == 1
    type_check(checked)


def test_programs_with_such_operators_are_checked() -> None:
    table = [entry_of("aten.cov.default"), entry_of("aten.neg.default")]
    for seed in range(12):
        graph, _ = random_graph(random.Random(seed), 4, table)
        type_check(graph)
