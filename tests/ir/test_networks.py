"""Hashes tell apart what differs, and the picture is there."""

from __future__ import annotations

import pytest

from tensorsmith.ir.networks import structural_hash, to_dot, to_networkx
from tensorsmith.ir.text import parse_graph

TEXT = """\
inputs:
  %0: f32[4, 4]
  %1: f32[4, 4]
nodes:
  %2: f32[4, 4] = aten.sub.Tensor(%0, %1, alpha=2)
  %3: f32[4, 4] = aten.cat.default([%2, %2])
  %4: f32[4, 4] = aten.sin.default(%2)
outputs: %3, %4"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sin", "cos"),
        ("[%2, %2]", "[%2, %0]"),
        ("(%0, %1,", "(%0, %0,"),
        ("sin.default(%2)", "sin.default(%1)"),
        ("alpha=2", "alpha=3"),
        ("%1: f32[4, 4]", "%1: f64[4, 4]"),
        ("%1: f32[4, 4]", "%1: f32[4, 1]"),
        ("%1: f32[4, 4]", "%1: f32[4, 4] stride (1, 4)"),
    ],
)
def test_hash_sees_a_change(old: str, new: str) -> None:
    first, second = parse_graph(TEXT), parse_graph(TEXT.replace(old, new, 1))
    assert structural_hash(first) != structural_hash(second)


def test_order_of_a_write_and_a_read_counts() -> None:
    lines = ["  %1: f32[4] = aten.sin.default(%0)", "  %2: f32[4] = aten.add_.Scalar(%0, 1)"]
    first, second = (
        parse_graph("\n".join(["inputs:", "  %0: f32[4]", "nodes:", *order, "outputs: %1"]))
        for order in (lines, lines[::-1])
    )
    assert structural_hash(first) != structural_hash(second)


def test_arguments_swapped_count() -> None:
    swapped = TEXT.replace("(%0, %1,", "(%1, %0,").replace("%1: f32[4, 4]", "%1: f32[4, 1]")
    assert structural_hash(parse_graph(swapped)) != structural_hash(
        parse_graph(TEXT.replace("%1: f32[4, 4]", "%1: f32[4, 1]"))
    )


def test_edges_say_where_a_value_goes() -> None:
    network = to_networkx(parse_graph(TEXT))
    edges = [network.edges[edge] for edge in network.edges if edge[:2] == ("call 0", "call 1")]
    assert [edge["argument"] for edge in edges] == ["0[0]", "0[1]"]
    assert all(edge["type"] == "f32[4, 4]" for edge in edges)
    assert network.nodes["call 0"] == {"kind": "operator", "op": "aten.sub.Tensor", "arguments": "(_, _, alpha=2)"}


def test_dot_has_every_operator_and_edge() -> None:
    graph = parse_graph(TEXT)
    dot = to_dot(graph)
    assert dot.startswith("digraph")
    assert dot.endswith("}")
    assert all(op in dot for op in graph.operators())
    assert dot.count(" -> ") == to_networkx(graph).number_of_edges()


def test_dot_quotes() -> None:
    text = (
        'inputs:\n  %0: f32[1]\nnodes:\n  %1: f32[1] = aten.div.Tensor_mode(%0, %0, rounding_mode="floor")\noutputs: %1'
    )
    assert r"rounding_mode=\"floor\"" in to_dot(parse_graph(text))
