"""Failures that do not show every time: how often one does, and a judge that asks as often as that needs.

A reduction that believes every single run wanders: it takes a candidate that failed once by chance, and leaves one
that passed once. So the judge asks again, until a candidate has failed in the same way k of n times, where n is so
large that the test case that is reduced would do so nearly always.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from tensorsmith.ir.cases import Case
from tensorsmith.oracles.verdict import Verdict, passed
from tensorsmith.triage.signature import same_failure

C = TypeVar("C", bound=Case)

# How often the test case is judged to see how often it fails.
RUNS = 6
# What fails every time is to do so this often.
STEADY = (3, 3)
# What fails now and then is to do so twice, in so many runs that it would fail four times on the average.
_TIMES = 2
_EXPECTED = 4.0
_MOST = 24


def shown(case: C, verdict: Verdict, judge: Callable[[C], Verdict]) -> int:
    """In how many of RUNS runs a test case fails in the same way."""
    return sum(_alike(verdict, judge(case)) for _ in range(RUNS))


def times_wanted(hits: int) -> tuple[int, int]:
    """How many times of how many a candidate is to fail, from how many of RUNS runs the test case did, at least one."""
    return STEADY if hits == RUNS else (_TIMES, min(_MOST, math.ceil(_EXPECTED * RUNS / hits)))


def asking_again(judge: Callable[[C], Verdict], verdict: Verdict, times: int, of: int) -> Callable[[C], Verdict]:
    """A judge to whom a candidate fails that fails in the same way `times` times in at most `of` runs.

    Args:
        judge: judges once.
        verdict: how the test case fails.
        times: how often a candidate is to fail in the same way, at least once.
        of: in how many runs.
    """

    def judged(candidate: C) -> Verdict:
        hits = 0
        other = passed("flaky")
        for run in range(of):
            found = judge(candidate)
            if _alike(verdict, found):
                hits += 1
                if hits == times:
                    return found
            elif found.outcome in ("invalid", "limitation"):
                return found
            elif found.outcome == "fail":
                other = found
            if hits + of - run - 1 < times:
                break
        return other

    return judged


def _alike(verdict: Verdict, found: Verdict) -> bool:
    return found.outcome == "fail" and same_failure(verdict, found)
