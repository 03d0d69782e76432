"""Reduction with every run in a process of its own, and the confirmation that what is left still fails.

A candidate that hangs, or kills its process, costs its time limit, which follows from how long the test case itself
takes. What is left is judged again with the full limits. If it does not fail every time there, the reduction has
followed chance, and begins again with a judge that asks as often as the failure needs to show.

Of a hang most candidates cost their whole limit. So they get a multiple of the longest that any of them took that did
end. Of a pipeline of TIR the part before the guilty step says so before the first candidate, and the whole reduction
of a hang gets little time: the pass alone, which comes first, is most of what there is to know. If what is left does
not hang at the full limit, it was only slow, and the reduction begins again with that.
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
from tensorsmith.targets.mark import Mark
from tensorsmith.triage.confirm import confirm
from tensorsmith.triage.flaky import asking_again, shown, times_wanted
from tensorsmith.triage.memory import Memory
from tensorsmith.triage.reduce import reduce_case
from tensorsmith.triage.relax.blame import blamed
from tensorsmith.triage.search import Progress, Reduced
from tensorsmith.triage.signature import same_failure
from tensorsmith.triage.tir.isolated import reduce_tir_isolated, seconds_without
from tensorsmith.triage.tir.reduce import reduce_tir

# Seconds for a candidate of a hang as long as none has ended; then at least so many, or so many times the slowest.
FIRST_SECONDS = 10.0
LEAST_SECONDS = 1.0
TIMES_SLOWEST = 3.0
# Seconds for a candidate of another failure, at least, and how many times what the test case takes.
CANDIDATE_SECONDS = 5.0
TIMES_FIRST = 5.0
# For the reduction of a hang of a pass, at most.
TIR_HANG_SECONDS = 30.0

Judge = Callable[[Case], Verdict]


def reduce_isolated(
    case: Case,
    verdict: Verdict,
    limits: Limits,
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
    memory: Memory | None = None,
    workers: int = 1,
    first_seconds: float | None = None,
) -> tuple[Reduced[Case], tuple[int, int]]:
    """Reduce a failing test case; with what is left, in how many of how many fresh processes it failed again.

    The verdict that comes with it names the guilty pass, where the target has passes.

    Args:
        case: the test case.
        verdict: how it fails at these limits.
        limits: of one run. What is left is confirmed with them.
        deadline_seconds: after so long the best so far is confirmed, as it is on Ctrl-C.
        on_progress: called after every run of the judge.
        memory: what is known of candidates already, and where to keep what becomes known.
        workers: how many candidates may be judged at once.
        first_seconds: how long the test case took to be judged, if that is known; candidates get some times that.

    Raises:
        ValueError: the verdict is no failure.
    """
    known = Memory() if memory is None else memory
    task = _Task(case, verdict, limits, deadline_seconds, on_progress, known, workers, first_seconds)
    reduced, again = task.hang() if verdict.kind == "hang" else task.other()
    if isinstance(reduced.case, TestCase):
        # What judges again does not know the pass.
        reduced = replace(reduced, verdict=blamed(reduced.case, reduced.verdict, limits))
    if task.candidates != limits or verdict.kind == "hang":
        reduced = replace(reduced, slipped=tuple(one for one in reduced.slipped if _is_real(*one, limits)))
    return reduced, again


class _Task:
    """The arguments of `reduce_isolated`, and when it began."""

    def __init__(
        self,
        case: Case,
        verdict: Verdict,
        limits: Limits,
        seconds: float,
        on_progress: Callable[[Progress], None] | None,
        memory: Memory,
        workers: int,
        first_seconds: float | None,
    ) -> None:
        self.case = case
        self.verdict = verdict
        self.limits = limits
        self.ends = time.monotonic() + seconds
        self.on_progress = on_progress
        self.memory = memory
        self.workers = workers
        self.candidates = candidate_limits(limits, first_seconds)

    def other(self) -> tuple[Reduced[Case], tuple[int, int]]:
        """Reduce what does not hang."""
        reduced = self._first()
        again = self._confirmed(reduced)
        if again[0] == again[1] or not reduced.minimal or self._left() <= 0:
            return reduced, again

        def judge(candidate: Case) -> Verdict:
            return judge_isolated(candidate, self.candidates)

        hits = shown(self.case, self.verdict, judge)
        if not hits:
            return reduced, again
        times, of = times_wanted(hits)
        more = self._with(asking_again(judge, self.verdict, times, of), self._left(), f"{times} of {of}")
        return self._rather(more, reduced, again)

    def hang(self) -> tuple[Reduced[Case], tuple[int, int]]:
        """Reduce a hang."""
        seconds = self._left()
        slowest = None
        if isinstance(self.case, TirCase):
            seconds = min(seconds, TIR_HANG_SECONDS)
            slowest = seconds_without(self.case, self.verdict.guilty, self.limits)
        reduced = self._with(impatient_judge(self.limits, slowest), seconds, "impatient")
        again = self._confirmed(reduced)
        if again[0]:
            return reduced, again
        return self._rather(self._patient(), reduced, (0, again[1]))

    def _first(self) -> Reduced[Case]:
        if isinstance(self.case, TirCase):
            return reduce_tir_isolated(
                self.case, self.verdict, self.candidates, self._left(), self.on_progress, self.memory, self.workers
            )
        return self._with(lambda candidate: judge_isolated(candidate, self.candidates), self._left(), "")

    def _patient(self) -> Reduced[Case]:
        if isinstance(self.case, TirCase):
            return reduce_tir_isolated(
                self.case, self.verdict, self.limits, self._left(), self.on_progress, self.memory, self.workers
            )
        return self._with(lambda candidate: judge_isolated(candidate, self.limits), self._left(), "patient")

    def _with(self, judge: Judge, seconds: float, part: str) -> Reduced[Case]:
        """Reduce by a judge whose verdicts are remembered under a name."""
        arguments = (judge, seconds, self.on_progress, self.memory, part, self.workers)
        if isinstance(self.case, TirCase):
            return reduce_tir(self.case, self.verdict, *arguments)
        return reduce_case(self.case, self.verdict, *arguments)

    def _rather(
        self, second: Reduced[Case], first: Reduced[Case], again: tuple[int, int]
    ) -> tuple[Reduced[Case], tuple[int, int]]:
        """The result of a second reduction, with the runs of the first and what slipped in it."""
        both = replace(second, calls=first.calls + second.calls, slipped=first.slipped + second.slipped)
        confirmed = self._confirmed(second)
        if not confirmed[0] and again[0]:
            return replace(first, calls=both.calls, slipped=both.slipped), again
        return both, confirmed

    def _confirmed(self, reduced: Reduced[Case]) -> tuple[int, int]:
        return confirm(reduced.case, reduced.verdict, self.limits)

    def _left(self) -> float:
        return max(0.0, self.ends - time.monotonic())


def _is_real(case: Case, verdict: Verdict, limits: Limits) -> bool:
    """Whether a failure that was met with less time than a test has is one with all of it."""
    if verdict.kind != "hang":
        return True
    found = judge_isolated(case, limits)
    return found.outcome == "fail" and same_failure(verdict, found)


def candidate_limits(limits: Limits, first_seconds: float | None) -> Limits:
    """The limits of a candidate, from how long the test case took, if that is known: it is no larger."""
    if first_seconds is None:
        return limits
    return replace(limits, seconds=min(limits.seconds, max(CANDIDATE_SECONDS, TIMES_FIRST * first_seconds)))


def impatient_judge(limits: Limits, slowest: float | None = None) -> Judge:
    """A judge for candidates of a hang, whose time limit follows from how long those took that ended.

    It may be called in several forked processes, which share what they learn.

    Args:
        limits: of the test case.
        slowest: how many seconds one is known to take that ends, if one is.
    """
    known = Mark()
    if slowest is not None:
        known.write(repr(slowest))

    def judge(case: Case) -> Verdict:
        so_far = known.read()
        seconds = max(LEAST_SECONDS, TIMES_SLOWEST * float(so_far)) if so_far else FIRST_SECONDS
        started = time.monotonic()
        verdict = judge_isolated(case, Limits(min(limits.seconds, seconds), limits.rss_bytes))
        if verdict.outcome in ("pass", "fail") and verdict.kind != "hang":
            known.write(repr(max(float(known.read() or 0.0), time.monotonic() - started)))
        return verdict

    return judge
