"""Operators whose meta kernel and eager disagree are found out, and programs have only calls on which they agree."""

from __future__ import annotations

import random

import pytest

from tensorsmith.generators.draft import Draft
from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.insert import insert_forward
from tensorsmith.generators.meta import meta_differs
from tensorsmith.generators.meta_kernel import meta_agrees
from tensorsmith.generators.random_graphs import random_graph
from tensorsmith.generators.table import entry_of, load_table
from tensorsmith.ir.check import type_check
from tensorsmith.ir.graph import Node, Ref, TensorType


@pytest.mark.parametrize(
    ("op", "differs"), [("aten.nansum.default", True), ("aten.add.Tensor", False), ("aten.sum.dim_IntList", False)]
)
def test_it_is_found_out_whether_meta_kernel_and_eager_disagree(op: str, differs: bool) -> None:
    assert meta_differs(entry_of(op)) == differs == entry_of(op).meta_differs


def test_a_call_on_which_they_disagree_is_told_from_one_on_which_they_agree() -> None:
    types = {3: TensorType("f32", (17, 5))}
    everything = Node("aten.nansum.default", (Ref(3), (), True), (4,), (TensorType("f32", (1, 1)),))
    rows = Node("aten.nansum.default", (Ref(3), (1,), True), (4,), (TensorType("f32", (17, 1)),))
    refused = Node("aten.cov.default", (Ref(3),), (4,), (TensorType("f32", (17, 17)),))
    assert [meta_agrees(node, types) for node in (everything, rows, refused)] == [False, True, False]


def test_programs_have_only_calls_on_which_they_agree() -> None:
    table = [entry_of("aten.nansum.default"), entry_of("aten.neg.default")]
    seen = 0
    for seed in range(20):
        graph, _ = random_graph(random.Random(seed), 4, table)
        type_check(graph)
        seen += any(node.op == "aten.nansum.default" for node in graph.nodes)
    assert seen > 5


@pytest.mark.parametrize("op", [entry.op for entry in load_table() if entry.meta_differs])
def test_what_the_meta_device_accepts_fake_tensors_accept(op: str) -> None:
    # Insertion asks the meta device, which is faster; fake tensors have the last word on every program.
    rng, entry = random.Random(op), entry_of(op)
    agreed = 0
    for _ in range(20):
        draft = Draft(EagerBuilder())
        insert_forward(draft, rng, entry)
        nodes, types = draft.builder.nodes, draft.builder.types
        assert all(meta_agrees(node, types) for node in nodes)
        agreed += bool(nodes)
    assert agreed > 5
