"""Pruning, on graphs where what must stay is known."""

from __future__ import annotations

import torch

from tensorsmith.ir.edit import prune
from tensorsmith.ir.text import parse_graph
from tests.ir.strategies import input_tensors, run_eager


def test_unused_calls_inputs_and_constants_are_pruned() -> None:
    graph = parse_graph(
        """
        inputs:
          %0: f32[4]
          %1: f32[4]
          %2: f32[2] shares %1
        constants:
          %3: f32[4] = literals(1.0, 2.0, 3.0, 4.0)
        nodes:
          %4: f32[4] = aten.add.Tensor(%0, %3)
          %5: f32[4] = aten.mul_.Scalar(%1, 2)
          %6: f32[4] = aten.sin.default(%5)
          %7: f32[2] = aten.neg.default(%2)
        outputs: %7
        """
    )
    pruned, kept = prune(graph, graph.outputs)
    assert pruned.operators() == ("aten.mul_.Scalar", "aten.neg.default")
    assert kept == (1, 2)
    assert pruned.constants == ()
    inputs = input_tensors(graph)
    (actual,) = run_eager(pruned, [inputs[p] for p in kept])
    (expected,) = run_eager(graph, input_tensors(graph))
    torch.testing.assert_close(actual, expected, rtol=0, atol=0)


def test_write_through_an_unannotated_alias_is_kept() -> None:
    graph = parse_graph(
        """
        inputs:
          %0: f32[2, 2]
        nodes:
          %1: f32[4] = aten._unsafe_view.default(%0, [4])
          %2: f32[4] = aten.type_as.default(%1, %1)
          %3: f32[4] = aten.fill_.Scalar(%2, 7)
        outputs: %0
        """
    )
    assert len(prune(graph, graph.outputs)[0].nodes) == 3
