"""Return fewer values: half of them, then one less at a time."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.graph import refs
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, with_outputs
from tensorsmith.triage.reductions.api import Candidates, first_taken, greedy


def fewer_outputs(case: TestCase) -> Candidates:
    """Drop outputs, and with them all that only they needed; writes to inputs stay.

    Dead calls go first. Where they matter (a compiler may stumble over what it is about to remove), their results are
    returned, so that they can be looked at one by one.
    """
    live = with_outputs(case, case.graph.outputs)
    if len(live.graph.nodes) < len(case.graph.nodes):
        read = {read for node in case.graph.nodes for read in refs(node)}
        dead = [result for node in case.graph.nodes for result in node.results if result not in read]
        shown = with_outputs(case, tuple(dict.fromkeys((*case.graph.outputs, *dead))))
        taken = yield from first_taken([live, shown])
        case = taken or case
    yield from greedy(case, _with_fewer)


def _with_fewer(case: TestCase) -> Iterator[TestCase | None]:
    outputs = case.graph.outputs
    half = len(outputs) // 2
    choices = [outputs[half:], outputs[:half]] if half else []
    if len(outputs) > 2:
        choices += [outputs[:position] + outputs[position + 1 :] for position in reversed(range(len(outputs)))]
    for kept in choices:
        yield built(with_outputs, case, kept)
