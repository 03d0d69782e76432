"""The search of every reduction: candidates one by one, of which those that still fail in the same way are taken."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain
from typing import Generic, TypeVar

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.oracles.judge import HARNESS_ERROR
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.memory import Memory
from tensorsmith.triage.signature import same_failure
from tensorsmith.triage.speculation import Lookahead, Speculation

# A test case of one kind of program.
C = TypeVar("C", bound=Case)
C_co = TypeVar("C_co", bound=Case, covariant=True)
# What a reduction offers: a test case, or a part of one.
_Candidate = TypeVar("_Candidate")


# For each worker, so many candidates are looked at to find one that is new.
LOOKS_AHEAD = 4


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
        on_progress: called after every run of the judge, and for every candidate that is taken.
        memory: what is known already, and where to keep what becomes known.
        part: which judge it is whose verdicts are remembered.
        workers: with more than one, candidates that may come are judged in processes of their own meanwhile.

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
        memory: Memory | None = None,
        part: str = "",
        workers: int = 1,
    ) -> None:
        if verdict.outcome != "fail":
            raise ValueError(f"a verdict of {verdict.outcome} has nothing to reduce")
        self.case = case
        self.verdict = verdict
        self.judge = judge
        self.started = time.monotonic()
        self.seconds = seconds
        self.on_progress = on_progress
        self.memory = Memory() if memory is None else memory
        self.part = part
        self.workers = workers
        self.speculation = Speculation(judge, workers) if workers > 1 else None
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
        self.memory.keep_best(self.case, self.verdict)
        try:
            while True:
                before = self.case
                self.one_round()
                if self.case is before:
                    break
        except (OutOfTime, KeyboardInterrupt):
            minimal = False
        finally:
            if self.speculation is not None:
                self.speculation.close()
        return Reduced(self.case, self.verdict, self.calls, tuple(self.slipped), minimal)

    def check_time(self) -> None:
        """Raises OutOfTime once time is up."""
        if time.monotonic() - self.started > self.seconds:
            raise OutOfTime

    def explore(
        self,
        name: str,
        make: Callable[[], Generator[_Candidate, bool, None]],
        case_of: Callable[[_Candidate], C | None],
    ) -> None:
        """Run a reduction.

        Args:
            name: what people are told.
            make: begins it, each time in the same way.
            case_of: the test case of what it offers; None for one that need not be judged.
        """
        ahead = Lookahead(make) if self.speculation is not None else None

        def take(candidate: _Candidate) -> bool:
            case = case_of(candidate)
            if self.speculation is not None and ahead is not None and case is not None and self._is_open(case):
                self.check_time()
                upcoming = map(case_of, ahead.upcoming(LOOKS_AHEAD * self.workers))
                self.speculation.expect(self._open(chain((case,), upcoming)))
            taken = case is not None and self.take(name, case)
            if ahead is not None:
                ahead.answered(taken)
            return taken

        follow(make(), take)

    def take(self, name: str, candidate: C) -> bool:
        """Judge a candidate that is new; it becomes the best if it fails in the same way."""
        id_ = candidate.id
        if id_ in self.judged:
            return False
        self.judged.add(id_)
        found = self.memory.recall(self._remembered(id_))
        judged = found is None
        if found is None:
            found = self._judge(candidate)
        taken = found.outcome == "fail" and self.is_wanted(found)
        if taken:
            self.case, self.verdict = candidate, found
            self.memory.keep_best(candidate, found)
        elif found.outcome == "fail":
            self._keep_slipped(candidate, found)
        if self.on_progress is not None and (judged or taken):
            spent = time.monotonic() - self.started
            self.on_progress(Progress(name, self.calls, self.size(self.case), spent))
        return taken

    def _judge(self, candidate: C) -> Verdict:
        self.check_time()
        self.calls += 1
        found = self.judge(candidate) if self.speculation is None else self.speculation.judge(candidate)
        if found.oracle != HARNESS_ERROR:
            self.memory.note(self._remembered(candidate.id), found)
        return found

    def _remembered(self, id_: str) -> str:
        return f"{self.part} {id_}".strip()

    def _is_open(self, case: C) -> bool:
        return case.id not in self.judged and self.memory.recall(self._remembered(case.id)) is None

    def _open(self, cases: Iterable[C | None]) -> Iterator[C]:
        return (case for case in cases if case is not None and self._is_open(case))

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
