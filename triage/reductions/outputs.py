"""Return fewer values: half of them, then one less at a time."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, with_outputs
from tensorsmith.triage.reductions.api import Candidates, greedy


def fewer_outputs(case: TestCase) -> Candidates:
    """Drop outputs, and with them all that only they needed; writes to inputs stay."""
    return greedy(case, _with_fewer)


def _with_fewer(case: TestCase) -> Iterator[TestCase | None]:
    outputs = case.graph.outputs
    half = len(outputs) // 2
    choices = [outputs[half:], outputs[:half]] if half else []
    if len(outputs) > 2:
        choices += [outputs[:position] + outputs[position + 1 :] for position in reversed(range(len(outputs)))]
    for kept in choices:
        yield built(with_outputs, case, kept)
