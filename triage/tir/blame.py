"""Which of the passes that share an analysis is blamed: the one that does nothing else, if it fails in the same way."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict

# Passes that simplify expressions on the way share the faults of the simplifier, which has a pass of its own.
SUSPECTS = ("tirx.StmtSimplify",)


def usual_suspect(
    case: TirCase, verdict: Verdict, judge: Callable[[TirCase], Verdict]
) -> tuple[TirCase, Verdict] | None:
    """The test case with the plainest pass that fails in the same way alone, and its verdict; None if there is none.

    Args:
        case: the test case, reduced.
        verdict: how it fails.
        judge: judges a candidate.
    """
    for name in SUSPECTS:
        if verdict.guilty == name:
            return None
        candidate = msgspec.structs.replace(case, pipeline=Pipeline((Step(name),)))
        found = judge(candidate)
        if (found.outcome, found.kind, found.channel, found.guilty) == ("fail", verdict.kind, verdict.channel, name):
            return candidate, found
    return None
