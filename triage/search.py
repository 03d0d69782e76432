"""The search of every reduction: candidates one by one, of which those that still fail in the same way are taken."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.signature import same_failure

# A test case of one kind of program.
C = TypeVar("C", bound=Case)
C_co = TypeVar("C_co", bound=Case, covariant=True)
# What a reduction offers: a test case, or a part of one.
_Candidate = TypeVar("_Candidate")


class Progress(msgspec.Struct, frozen=True):
    """Where a reduction is: which one is at work, runs of the judge so far, and the size of the best test case."""

    reduction: str
    calls: int
    operators: int
    seconds: float


class Reduced(msgspec.Struct, Generic[C_co], frozen=True):
    """The best test case found and its verdict.

    `slipped` are failures of other kinds that were met on the way, one for each kind, the smallest seen. `minimal` says
    that no reduction finds anything more, so that no single call can be removed; it is False when time ran out or the
    user interrupted.
    """

    case: C_co
    verdict: Verdict
    calls: int
    slipped: tuple[tuple[C_co, Verdict], ...]
    minimal: bool


class OutOfTime(Exception):
    """Time is up."""


class Search(ABC, Generic[C]):
    """The state of one reduction: the best test case, what is known of others, and what slipped.

    Args:
        case: the test case.
        verdict: how it fails.
        judge: judges a candidate, within its own limits.
        seconds: after so long the best so far is what is left, as on Ctrl-C.
        on_progress: called after every run of the judge.

    Raises:
        ValueError: the verdict is no failure.
    """

    def __init__(
        self,
        case: C,
        verdict: Verdict,
        judge: Callable[[C], Verdict],
        seconds: float,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        if verdict.outcome != "fail":
            raise ValueError(f"a verdict of {verdict.outcome} has nothing to reduce")
        self.case = case
        self.verdict = verdict
        self.judge = judge
        self.started = time.monotonic()
        self.seconds = seconds
        self.on_progress = on_progress
        self.calls = 0
        self.slipped: list[tuple[C, Verdict]] = []
        # Candidates are never judged twice, nor is one that was the best before gone back to.
        self.judged: set[str] = {case.id}

    @abstractmethod
    def one_round(self) -> None:
        """Try every reduction once."""

    @abstractmethod
    def size(self, case: C) -> int:
        """The size that people are told."""

    def slipped_size(self, case: C) -> int:
        """Of two failures that slipped in the same way the smaller by this is kept."""
        return self.size(case)

    def alike(self, known: Verdict, found: Verdict) -> bool:
        """Whether two failures are of one kind."""
        return same_failure(known, found)

    def is_wanted(self, found: Verdict) -> bool:
        """Whether a failure is the one that is being reduced."""
        return self.alike(self.verdict, found)

    def run(self) -> Reduced[C]:
        """Rounds of all reductions, until one that finds nothing proves that no step leads on, or until time is up."""
        minimal = True
        try:
            while True:
                before = self.case
                self.one_round()
                if self.case is before:
                    break
        except (OutOfTime, KeyboardInterrupt):
            minimal = False
        return Reduced(self.case, self.verdict, self.calls, tuple(self.slipped), minimal)

    def check_time(self) -> None:
        """Raises OutOfTime once time is up."""
        if time.monotonic() - self.started > self.seconds:
            raise OutOfTime

    def take(self, name: str, candidate: C) -> bool:
        """Judge a candidate that is new; it becomes the best if it fails in the same way."""
        id_ = candidate.id
        if id_ in self.judged:
            return False
        self.check_time()
        self.judged.add(id_)
        self.calls += 1
        found = self.judge(candidate)
        taken = found.outcome == "fail" and self.is_wanted(found)
        if taken:
            self.case, self.verdict = candidate, found
        elif found.outcome == "fail":
            self._keep_slipped(candidate, found)
        if self.on_progress is not None:
            spent = time.monotonic() - self.started
            self.on_progress(Progress(name, self.calls, self.size(self.case), spent))
        return taken

    def _keep_slipped(self, candidate: C, found: Verdict) -> None:
        """Keep a failure of another kind, if it is the first or the smallest of its kind."""
        for position, (known_case, known) in enumerate(self.slipped):
            if self.alike(known, found):
                if self.slipped_size(candidate) < self.slipped_size(known_case):
                    self.slipped[position] = (candidate, found)
                return
        self.slipped.append((candidate, found))


def follow(candidates: Generator[_Candidate, bool, None], take: Callable[[_Candidate], bool]) -> None:
    """Run a reduction, with `take` to say of each candidate whether it is taken."""
    taken: bool | None = None
    while True:
        try:
            candidate = candidates.send(taken) if taken is not None else next(candidates)
        except StopIteration:
            return
        taken = take(candidate)
