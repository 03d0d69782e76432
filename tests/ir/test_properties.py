"""What holds for every valid graph."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st

from tensorsmith.ir.check import type_check
from tensorsmith.ir.edit import prune
from tensorsmith.ir.fx import from_fx, to_fx
from tensorsmith.ir.graph import Constant, Graph, Input, Node, canonical, map_refs, refs
from tensorsmith.ir.memory import memory_groups
from tensorsmith.ir.networks import structural_hash, to_networkx
from tensorsmith.ir.operators import written_arguments
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase, decode, encode, structural_problem
from tensorsmith.ir.text import format_graph, parse_graph
from tensorsmith.ir.torch_args import type_of
from tests.ir.strategies import constant_tensors, graphs, input_tensors, literal_constants, run_eager

# Torch warns when a call with `out=` is tried that does not fit.
pytestmark = pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")

quick = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def case_of(graph: Graph) -> TestCase:
    recipe = InputRecipe(tuple(Drawn("normal", i) for i in range(len(graph.inputs))))
    return TestCase(graph, recipe, "eager", pipeline=Pipeline((Step("knob", (("value", 0.5),)),)))


def renumbered(graph: Graph, new_ids: dict[int, int]) -> Graph:
    return Graph(
        tuple(Input(new_ids[i.id], i.type, None if i.shares is None else new_ids[i.shares]) for i in graph.inputs),
        tuple(
            Node(
                node.op,
                tuple(map_refs(a, new_ids) for a in node.args),
                tuple(new_ids[r] for r in node.results),
                node.types,
                tuple((name, map_refs(a, new_ids)) for name, a in node.kwargs),
            )
            for node in graph.nodes
        ),
        tuple(new_ids[o] for o in graph.outputs),
        tuple(Constant(new_ids[c.id], c.type, c.values) for c in graph.constants),
    )


def reordered(graph: Graph, priorities: list[int]) -> Graph:
    """The same graph with its calls in another order that computes the same."""
    groups = memory_groups(graph)

    def independent(first: Node, second: Node) -> bool:
        if set(refs(second)) & set(first.results):
            return False
        if not written_arguments(first.op) and not written_arguments(second.op):
            return True
        touched = [{groups[v] for v in (*refs(node), *node.results)} for node in (first, second)]
        return not touched[0] & touched[1]

    todo = list(zip(priorities, graph.nodes, strict=True))
    nodes: list[Node] = []
    while todo:
        ready = [p for p, (_, node) in enumerate(todo) if all(independent(before, node) for _, before in todo[:p])]
        nodes.append(todo.pop(min(ready, key=lambda p: todo[p][0]))[1])
    return Graph(graph.inputs, tuple(nodes), graph.outputs, graph.constants)


@st.composite
def graphs_and_twins(draw: Any) -> tuple[Graph, Graph]:
    """A graph, and the same graph with other ids and another order of independent calls."""
    graph = draw(graphs())
    twin = reordered(graph, draw(st.permutations(range(len(graph.nodes)))))
    ids = draw(st.permutations(range(100, 100 + len(graph.types()))))
    return graph, renumbered(twin, dict(zip(graph.types(), ids, strict=True)))


def run_or_skip(graph: Graph, inputs: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """The outputs in eager mode, which rejects some calls that meta kernels accept, and lacks kernels for others."""
    try:
        return run_eager(graph, inputs)
    except (RuntimeError, NotImplementedError, IndexError):
        event("rejected by eager")
        reject()


def assert_equal(actual: torch.Tensor, expected: torch.Tensor) -> None:
    assert type_of(actual) == type_of(expected)
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


@quick
@given(graphs(), st.data())
def test_json_round_trip_is_identity_and_canonical(graph: Graph, data: st.DataObject) -> None:
    case = case_of(graph)
    assert decode(encode(case)) == case
    assert encode(decode(encode(case))) == encode(case)
    ids = data.draw(st.permutations(range(100, 100 + len(graph.types()))))
    twin = case_of(renumbered(graph, dict(zip(graph.types(), ids, strict=True))))
    assert encode(twin) == encode(case)
    assert twin.id == case.id


@quick
@given(graphs())
def test_text_round_trip_is_identity(graph: Graph) -> None:
    text = format_graph(graph)
    again = parse_graph(text)
    assert again == graph
    assert encode(case_of(again)) == encode(case_of(graph))  # 1, 1.0 and True are equal to Python and not here
    assert format_graph(again) == text


@quick
@given(graphs())
def test_what_the_builder_made_type_checks(graph: Graph) -> None:
    assert structural_problem(graph) is None
    type_check(graph)


@quick
@given(graphs())
def test_recorded_dtypes_and_shapes_are_those_of_eager(graph: Graph) -> None:
    outputs = run_or_skip(graph, input_tensors(graph))
    types = graph.types()
    # Not the strides: some of torch's meta kernels (sort of an expanded, empty tensor) give others than eager.
    assert [(type_of(o).dtype, type_of(o).shape) for o in outputs] == [
        (types[o].dtype, types[o].shape) for o in graph.outputs
    ]


@quick
@given(graphs(literal_constants()))
def test_fx_round_trip_is_identity(graph: Graph) -> None:
    module = to_fx(graph, constant_tensors(graph))
    again = from_fx(module, input_tensors(graph))
    assert format_graph(canonical(again)) == format_graph(canonical(graph))


@quick
@given(graphs_and_twins())
def test_hashes_ignore_numbering_and_order_of_independent_calls(graphs: tuple[Graph, Graph]) -> None:
    first, second = graphs
    assert structural_hash(first) == structural_hash(second)


@quick
@given(graphs())
def test_network_has_an_edge_for_each_use(graph: Graph) -> None:
    network = to_networkx(graph)
    uses = sum(len(list(refs(node))) for node in graph.nodes) + len(graph.outputs)
    assert sum(kind == "data" for _, _, kind in network.edges(data="kind")) == uses
    values = len(graph.inputs) + len(graph.constants)
    assert len(network) == values + len(graph.nodes) + len(graph.outputs)


@settings(quick, max_examples=300)
@given(graphs(), st.data())
def test_prune_keeps_what_is_observed(graph: Graph, data: st.DataObject) -> None:
    watched = data.draw(st.sets(st.sampled_from([i.id for i in graph.inputs])))
    pruned, kept = prune(graph, (*watched, *graph.outputs))
    assert structural_problem(pruned) is None
    event(f"removed {len(graph.nodes) - len(pruned.nodes)}")
    inputs = input_tensors(graph)
    fewer = input_tensors(graph)
    expected = run_or_skip(graph, inputs)
    actual = run_eager(pruned, [fewer[p] for p in kept])
    for a, e in zip(actual, expected, strict=True):
        assert_equal(a, e)
    for position, item in enumerate(graph.inputs):
        if item.id in watched:
            assert position in kept
            assert_equal(fewer[position], inputs[position])
