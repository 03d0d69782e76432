"""Random graphs as a whole: deterministic, well-formed, valid in eager, diverse."""

from __future__ import annotations

import random
import warnings
from functools import cache

import torch

from tensorsmith.generators.cases import random_case
from tensorsmith.generators.random_graphs import random_graph
from tensorsmith.generators.table import entry_of
from tensorsmith.ir.dtypes import COMMON
from tensorsmith.ir.fx import to_fx
from tensorsmith.ir.graph import Graph
from tensorsmith.ir.operators import is_view, written_arguments
from tensorsmith.ir.recipe import InputRecipe
from tensorsmith.ir.testcase import TestCase, decode, encode, structural_problem
from tensorsmith.targets.inputs import make_constants, make_inputs

SEEDS = 80


@cache
def cases() -> tuple[TestCase, ...]:
    return tuple(random_case(seed, "inductor", size=8) for seed in range(SEEDS))


def run(graph: Graph, recipe: InputRecipe) -> list[torch.Tensor]:
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(to_fx(graph, make_constants(graph))(*make_inputs(graph, recipe)))


def test_a_seed_gives_one_case() -> None:
    assert [random_case(seed, "inductor").id for seed in range(12)] == [
        random_case(seed, "inductor").id for seed in range(12)
    ]
    assert len({case.id for case in cases()}) == SEEDS


def test_cases_are_well_formed_and_survive_encoding() -> None:
    for case in cases():
        assert structural_problem(case.graph) is None
        assert len(case.recipe.inputs) == len(case.graph.inputs)
        assert decode(encode(case)).id == case.id


def test_cases_run_in_eager_with_the_types_that_they_say() -> None:
    valid = 0
    for case in cases():
        try:
            outputs = run(case.graph, case.recipe)
        except Exception:
            continue
        types = case.graph.types()
        valid += all(tuple(t.shape) == types[o].shape for t, o in zip(outputs, case.graph.outputs, strict=True))
    assert valid >= 0.95 * SEEDS


def test_values_stay_small() -> None:
    for case in cases():
        assert all(t.numel <= 4096 for t in case.graph.types().values())


def test_programs_mutate_alias_and_close_over_constants() -> None:
    graphs = [case.graph for case in cases()]
    ops = [graph.operators() for graph in graphs]
    assert sum(any(written_arguments(op) for op in names) for names in ops) > SEEDS / 4
    assert sum(any(is_view(op) for op in names) for names in ops) > SEEDS / 2
    assert sum(bool(graph.constants) for graph in graphs) > 5
    assert any(item.shares is not None for graph in graphs for item in graph.inputs)
    assert any(item.type.stride for graph in graphs for item in graph.inputs)
    assert any(0 in item.type.strides for graph in graphs for item in graph.inputs)
    assert any(item.type.numel == 0 for graph in graphs for item in graph.inputs)
    assert any(item.type.shape == () for graph in graphs for item in graph.inputs)
    assert {item.type.dtype for graph in graphs for item in graph.inputs} >= set(COMMON)
    assert len({op for names in ops for op in names}) > 200


def test_a_table_and_weights_narrow_the_operators() -> None:
    table = [entry_of("aten.mul.Tensor"), entry_of("aten.amax.default"), entry_of("aten.relu.default")]
    drawn = set()
    for seed in range(10):
        graph, _ = random_graph(random.Random(seed), 5, table, {"aten.relu.default": 0.0})
        drawn |= set(graph.operators())
    assert "aten.relu.default" not in drawn
    assert {"aten.mul.Tensor", "aten.amax.default"} <= drawn


def test_size_is_about_the_number_of_nodes() -> None:
    rng = random.Random(5)
    sizes = [len(random_graph(rng, 10)[0].nodes) for _ in range(15)]
    assert 7 <= sum(sizes) / len(sizes) <= 13
