"""Fewer steps in the pipeline: none at all, half, then one less at a time."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.reductions.api import Candidates, greedy


def fewer_steps(case: TestCase) -> Candidates:
    """Drop steps of the pipeline."""
    return greedy(case, _with_fewer)


def _with_fewer(case: TestCase) -> Iterator[TestCase]:
    steps = case.pipeline.steps
    half = len(steps) // 2
    choices = [(), steps[half:], steps[:half]] if steps else []
    choices += [steps[:position] + steps[position + 1 :] for position in range(len(steps))]
    for kept in dict.fromkeys(choices):
        yield TestCase(case.graph, case.recipe, case.target, case.device, Pipeline(kept))
