"""Return fewer values: without half of them, then without fewer and fewer, down to one at a time."""

from __future__ import annotations

from tensorsmith.ir.graph import refs
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, with_outputs
from tensorsmith.triage.reductions.api import Candidates, first_taken


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
    size = len(case.graph.outputs) // 2
    while size:
        start = 0
        while start < len(case.graph.outputs):
            kept = case.graph.outputs[:start] + case.graph.outputs[start + size :]
            candidate = built(with_outputs, case, kept) if kept else None
            if candidate is not None and (yield candidate):
                case = candidate
            else:
                start += size
        size //= 2
