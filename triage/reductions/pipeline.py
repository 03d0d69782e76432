"""Fewer steps in the pipeline: none at all, half, then one less at a time."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.registry import graph_target
from tensorsmith.targets.tvm.passes.order import order_problem
from tensorsmith.triage.reductions.api import Candidates, greedy


def fewer_steps(case: TestCase) -> Candidates:
    """Drop steps of the pipeline. One of passes in a legal order stays so."""
    return greedy(case, _with_fewer)


def _with_fewer(case: TestCase) -> Iterator[TestCase]:
    steps = case.pipeline.steps
    half = len(steps) // 2
    choices = [(), steps[half:], steps[:half]] if steps else []
    choices += [steps[:position] + steps[position + 1 :] for position in range(len(steps))]
    passes = graph_target(case.target).steps == "relax"
    for kept in dict.fromkeys(choices):
        if passes and order_problem(Pipeline(kept)) is not None:
            continue
        yield TestCase(case.graph, case.recipe, case.target, case.device, Pipeline(kept))
