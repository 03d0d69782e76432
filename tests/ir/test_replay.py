"""Rebuilding a graph with changes."""

from __future__ import annotations

import pytest

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.edit import Replay
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Graph, Ref, canonical, tensor_type


def two_calls() -> Graph:
    builder = GraphBuilder()
    x = builder.input(tensor_type("f32", (2, 3)))
    (a,) = builder.call("aten.t.default", (Ref(x),))
    (b,) = builder.call("aten.mm.default", (Ref(x), Ref(a)))
    return builder.build([b])


def test_replaying_without_changes_gives_the_same_graph() -> None:
    graph = two_calls()
    replay = Replay()
    replay.sources(graph)
    for node in graph.nodes:
        replay.node(node)
    assert canonical(replay.build(graph.outputs)) == canonical(graph)


def test_a_call_that_no_longer_fits_is_rejected_or_replaced_by_inputs() -> None:
    graph = two_calls()
    replay = Replay()
    replay.sources(graph, {0: tensor_type("f32", (2, 3, 4))})
    with pytest.raises(GraphError, match=r"aten\.t\.default rejects"):
        replay.node(graph.nodes[0])
    assert not replay.node_or_stand_ins(graph.nodes[0])
    assert not replay.node_or_stand_ins(graph.nodes[1])
    rebuilt = replay.build(graph.outputs)
    assert rebuilt.operators() == ()
    assert [item.type.shape for item in rebuilt.inputs] == [(2, 3, 4), (3, 2), (2, 2)]
    assert set(replay.stand_ins) == {rebuilt.inputs[1].id, rebuilt.inputs[2].id}


def test_outputs_that_are_gone_leave_nothing_to_build() -> None:
    graph = two_calls()
    replay = Replay()
    replay.sources(graph)
    with pytest.raises(GraphError, match="at least one value"):
        replay.build(graph.outputs)
