"""Reduction with every run in a process of its own, and the confirmation that what is left still fails.

A candidate that hangs costs its whole time limit, and most candidates of a hang do. So they get a shorter limit than
the test case had: a multiple of the longest that any of them took that did end. What is left counts only if it hangs at
the full limit; if it does not, what was followed was only slow, and the reduction begins again with the full limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec.structs import replace

from tensorsmith.ir.cases import Case
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.confirm import confirm
from tensorsmith.triage.reduce import reduce_case
from tensorsmith.triage.search import Progress, Reduced
from tensorsmith.triage.tir.isolated import reduce_tir_isolated

# Seconds for a candidate of a hang as long as none has ended; then at least so many, or so many times the slowest.
FIRST_SECONDS = 10.0
LEAST_SECONDS = 1.0
TIMES_SLOWEST = 3.0


def reduce_isolated(
    case: Case,
    verdict: Verdict,
    limits: Limits,
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
) -> tuple[Reduced[Case], tuple[int, int]]:
    """Reduce a failing test case; with what is left, in how many of how many fresh processes it failed again.

    Args:
        case: the test case.
        verdict: how it fails at these limits.
        limits: of one run. What is left is confirmed with them.
        deadline_seconds: after so long the best so far is confirmed, as it is on Ctrl-C.
        on_progress: called after every run of the judge.

    Raises:
        ValueError: the verdict is no failure.
    """
    if isinstance(case, TirCase):
        smaller = reduce_tir_isolated(case, verdict, limits, deadline_seconds, on_progress)
        return smaller, confirm(smaller.case, smaller.verdict, limits)

    def patient_judge(candidate: TestCase) -> Verdict:
        return judge_isolated(candidate, limits)

    started = time.monotonic()
    judge = impatient_judge(limits) if verdict.kind == "hang" else patient_judge
    reduced = reduce_case(case, verdict, judge, deadline_seconds, on_progress)
    again = confirm(reduced.case, reduced.verdict, limits)
    if verdict.kind == "hang" and not again[0]:
        left = max(0.0, deadline_seconds - (time.monotonic() - started))
        slow = reduced
        reduced = reduce_case(case, verdict, patient_judge, left, on_progress)
        reduced = replace(reduced, calls=slow.calls + reduced.calls, slipped=slow.slipped + reduced.slipped)
        again = confirm(reduced.case, reduced.verdict, limits)
    return reduced, again


def impatient_judge(limits: Limits) -> Callable[[TestCase], Verdict]:
    """A judge for candidates of a hang, whose time limit follows from how long those took that ended."""
    slowest: float | None = None

    def judge(case: TestCase) -> Verdict:
        nonlocal slowest
        seconds = FIRST_SECONDS if slowest is None else max(LEAST_SECONDS, TIMES_SLOWEST * slowest)
        started = time.monotonic()
        verdict = judge_isolated(case, Limits(min(limits.seconds, seconds), limits.rss_bytes))
        if verdict.outcome in ("pass", "fail") and verdict.kind != "hang":
            slowest = max(slowest or 0.0, time.monotonic() - started)
        return verdict

    return judge
