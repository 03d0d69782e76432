"""Reduction with every run in a process of its own, and the confirmation that what is left still fails.

A candidate that hangs costs its whole time limit, and most candidates of a hang do. So they get a shorter limit than
the test case had: a multiple of the longest that any of them took that did end. Of a pipeline of TIR the part before
the guilty step says so before the first candidate, and the whole reduction of a hang gets little time: the pass alone,
which comes first, is most of what there is to know. What is left counts only if it hangs at the full limit; if it does
not, what was followed was only slow, and the reduction begins again with the full limit.
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
from tensorsmith.triage.relax.blame import blamed
from tensorsmith.triage.search import Progress, Reduced
from tensorsmith.triage.tir.isolated import reduce_tir_isolated, seconds_without
from tensorsmith.triage.tir.reduce import reduce_tir

# Seconds for a candidate of a hang as long as none has ended; then at least so many, or so many times the slowest.
FIRST_SECONDS = 10.0
LEAST_SECONDS = 1.0
TIMES_SLOWEST = 3.0
# For the reduction of a hang of a pass, at most.
TIR_HANG_SECONDS = 30.0


def reduce_isolated(
    case: Case,
    verdict: Verdict,
    limits: Limits,
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
) -> tuple[Reduced[Case], tuple[int, int]]:
    """Reduce a failing test case; with what is left, in how many of how many fresh processes it failed again.

    The verdict that comes with it names the guilty pass, where the target has passes.

    Args:
        case: the test case.
        verdict: how it fails at these limits.
        limits: of one run. What is left is confirmed with them.
        deadline_seconds: after so long the best so far is confirmed, as it is on Ctrl-C.
        on_progress: called after every run of the judge.

    Raises:
        ValueError: the verdict is no failure.
    """
    reduced, again = (_hang_reduced if verdict.kind == "hang" else _reduced)(
        case, verdict, limits, deadline_seconds, on_progress
    )
    if isinstance(reduced.case, TestCase):
        # What judges again does not know the pass.
        reduced = replace(reduced, verdict=blamed(reduced.case, reduced.verdict, limits))
    return reduced, again


def _reduced(
    case: Case, verdict: Verdict, limits: Limits, seconds: float, on_progress: Callable[[Progress], None] | None
) -> tuple[Reduced[Case], tuple[int, int]]:
    reduced = _patiently(case, verdict, limits, seconds, on_progress)
    return reduced, confirm(reduced.case, reduced.verdict, limits)


def _hang_reduced(
    case: Case, verdict: Verdict, limits: Limits, seconds: float, on_progress: Callable[[Progress], None] | None
) -> tuple[Reduced[Case], tuple[int, int]]:
    started = time.monotonic()
    reduced: Reduced[Case]
    if isinstance(case, TirCase):
        judge = impatient_judge(limits, seconds_without(case, verdict.guilty, limits))
        reduced = reduce_tir(case, verdict, judge, min(seconds, TIR_HANG_SECONDS), on_progress)
    else:
        reduced = reduce_case(case, verdict, impatient_judge(limits), seconds, on_progress)
    again = confirm(reduced.case, reduced.verdict, limits)
    if not again[0]:
        left = max(0.0, seconds - (time.monotonic() - started))
        slow = reduced
        reduced = _patiently(case, verdict, limits, left, on_progress)
        reduced = replace(reduced, calls=slow.calls + reduced.calls, slipped=slow.slipped + reduced.slipped)
        again = confirm(reduced.case, reduced.verdict, limits)
    return reduced, again


def _patiently(
    case: Case, verdict: Verdict, limits: Limits, seconds: float, on_progress: Callable[[Progress], None] | None
) -> Reduced[Case]:
    """Reduce with the full limits for every candidate."""
    if isinstance(case, TirCase):
        return reduce_tir_isolated(case, verdict, limits, seconds, on_progress)
    return reduce_case(case, verdict, lambda candidate: judge_isolated(candidate, limits), seconds, on_progress)


def impatient_judge(limits: Limits, slowest: float | None = None) -> Callable[[Case], Verdict]:
    """A judge for candidates of a hang, whose time limit follows from how long those took that ended.

    Args:
        limits: of the test case.
        slowest: how many seconds one is known to take that ends, if one is.
    """

    def judge(case: Case) -> Verdict:
        nonlocal slowest
        seconds = FIRST_SECONDS if slowest is None else max(LEAST_SECONDS, TIMES_SLOWEST * slowest)
        started = time.monotonic()
        verdict = judge_isolated(case, Limits(min(limits.seconds, seconds), limits.rss_bytes))
        if verdict.outcome in ("pass", "fail") and verdict.kind != "hang":
            slowest = max(slowest or 0.0, time.monotonic() - started)
        return verdict

    return judge
