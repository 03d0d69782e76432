"""Reduction: the smallest test case that still fails in the same way.

The order of the removals (slices by bisection, then counter-based delta debugging, then bypassing) was chosen on
simulated graphs of 10 to 300 calls, where it needed the fewest runs and left the fewest calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.reductions.api import Reduction
from tensorsmith.triage.reductions.registry import REMOVALS, SIMPLIFICATIONS
from tensorsmith.triage.signature import same_failure


class Progress(msgspec.Struct, frozen=True):
    """Where a reduction is: which one is at work, runs of the judge so far, and the size of the best test case."""

    reduction: str
    calls: int
    operators: int
    seconds: float


# A test case of one kind of program.
C = TypeVar("C", bound=Case, covariant=True)


class Reduced(msgspec.Struct, Generic[C], frozen=True):
    """The best test case found and its verdict.

    `slipped` are failures of other kinds that were met on the way, one for each kind, the smallest seen. `minimal` says
    that no reduction finds anything more, so that no single call can be removed; it is False when time ran out or the
    user interrupted.
    """

    case: C
    verdict: Verdict
    calls: int
    slipped: tuple[tuple[C, Verdict], ...]
    minimal: bool


class _Stop(Exception):
    """Time is up."""


def reduce_case(
    case: TestCase,
    verdict: Verdict,
    judge: Callable[[TestCase], Verdict],
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
) -> Reduced[TestCase]:
    """Reduce a failing test case.

    Args:
        case: the test case.
        verdict: how it fails; a candidate counts only if it fails in the same way.
        judge: judges a candidate, within its own limits.
        deadline_seconds: after so long the best so far is returned, as it is on Ctrl-C.
        on_progress: called after every run of the judge.

    Raises:
        ValueError: the verdict is no failure.
    """
    if verdict.outcome != "fail":
        raise ValueError(f"a verdict of {verdict.outcome} has nothing to reduce")
    search = _Search(case, verdict, judge, deadline_seconds, on_progress)
    minimal = True
    try:
        while search.one_round():
            pass
    except (_Stop, KeyboardInterrupt):
        minimal = False
    return Reduced(search.case, search.verdict, search.calls, tuple(search.slipped), minimal)


class _Search:
    """The state of one reduction: the best test case, what is known of others, and what slipped."""

    def __init__(
        self,
        case: TestCase,
        verdict: Verdict,
        judge: Callable[[TestCase], Verdict],
        seconds: float,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.case = case
        self.verdict = verdict
        self.judge = judge
        self.started = time.monotonic()
        self.seconds = seconds
        self.on_progress = on_progress
        self.calls = 0
        self.slipped: list[tuple[TestCase, Verdict]] = []
        # Candidates are never judged twice, nor is one that was the best before gone back to.
        self.judged: set[str] = {case.id}

    def one_round(self) -> bool:
        """Try every reduction once; whether any made the test case simpler."""
        before = self.case
        for name, reduction in REMOVALS:
            _follow(reduction, self.case, partial(self.take, name))
        self.leap()
        for name, reduction in SIMPLIFICATIONS:
            _follow(reduction, self.case, partial(self.take, name))
        return self.case is not before

    def leap(self) -> None:
        """Try all simplifications at once: as if every candidate that is new were taken, and only the last one run."""
        assumed = self.case
        known = set(self.judged)

        def assume(candidate: TestCase) -> bool:
            nonlocal assumed
            if candidate.id in known:
                return False
            known.add(candidate.id)
            assumed = candidate
            return True

        for _, reduction in SIMPLIFICATIONS:
            _follow(reduction, assumed, assume)
        self.take("all simplifications", assumed)

    def take(self, name: str, candidate: TestCase) -> bool:
        """Judge a candidate that is new; it becomes the best if it fails in the same way."""
        id_ = candidate.id
        if id_ in self.judged:
            return False
        if time.monotonic() - self.started > self.seconds:
            raise _Stop
        self.judged.add(id_)
        self.calls += 1
        found = self.judge(candidate)
        same = found.outcome == "fail" and same_failure(self.verdict, found)
        if same:
            self.case, self.verdict = candidate, found
        elif found.outcome == "fail":
            self.keep_slipped(candidate, found)
        if self.on_progress is not None:
            spent = time.monotonic() - self.started
            self.on_progress(Progress(name, self.calls, len(self.case.graph.nodes), spent))
        return same

    def keep_slipped(self, candidate: TestCase, found: Verdict) -> None:
        """Keep a failure of another kind, if it is the first or the smallest of its kind."""
        for position, (known_case, known) in enumerate(self.slipped):
            if same_failure(known, found):
                if len(candidate.graph.nodes) < len(known_case.graph.nodes):
                    self.slipped[position] = (candidate, found)
                return
        self.slipped.append((candidate, found))


def _follow(reduction: Reduction, case: TestCase, take: Callable[[TestCase], bool]) -> None:
    """Run a reduction from a test case, with `take` to say of each candidate whether it is taken."""
    candidates = reduction(case)
    taken: bool | None = None
    while True:
        try:
            candidate = candidates.send(taken) if taken is not None else next(candidates)
        except StopIteration:
            return
        taken = take(candidate)
