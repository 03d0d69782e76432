"""Reduction of a failing test of TIR: inputs and pipeline first, then the program."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction, to_function, to_program
from tensorsmith.triage.reduce import Progress, Reduced
from tensorsmith.triage.signature import same_failure
from tensorsmith.triage.tir.pipeline import simpler_pipeline, simpler_recipe
from tensorsmith.triage.tir.reductions.registry import REDUCTIONS

Judge = Callable[[TirCase], Verdict]
_Candidate = TypeVar("_Candidate")


class _Stop(Exception):
    """Time is up."""


def reduce_tir(
    case: TirCase,
    verdict: Verdict,
    judge: Judge,
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
) -> Reduced[TirCase]:
    """Reduce a failing test case; the program that is left has its TVMScript.

    Args:
        case: the test case.
        verdict: how it fails; a candidate counts only if it fails in the same way, in the same pass.
        judge: judges a candidate, in this process or in one that may die.
        deadline_seconds: after so long the best so far is returned, as it is on Ctrl-C.
        on_progress: called after every run of the judge; `operators` is the number of nodes of the program.

    Raises:
        ValueError: the verdict is no failure.
    """
    if verdict.outcome != "fail":
        raise ValueError(f"a verdict of {verdict.outcome} has nothing to reduce")
    search = _Search(case, verdict, judge, deadline_seconds, on_progress)
    minimal = True
    try:
        # A round that finds nothing proves that no single step of any reduction leads on.
        while search.one_round():
            pass
    except (_Stop, KeyboardInterrupt):
        minimal = False
    shown = replace(search.case, program=to_program(to_function(search.case.program), with_script=True))
    return Reduced(shown, search.verdict, search.calls, tuple(search.slipped), minimal)


class _Search:
    """The state of one reduction: the best test case, what is known of others, and what slipped."""

    def __init__(
        self,
        case: TirCase,
        verdict: Verdict,
        judge: Judge,
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
        self.slipped: list[tuple[TirCase, Verdict]] = []
        # Candidates are never judged twice, nor is one that was the best before gone back to.
        self.judged: set[str] = {case.id}

    def one_round(self) -> bool:
        """Try every reduction once; whether any made the test case simpler."""
        before = self.case
        _follow(simpler_recipe(self.case), partial(self.take, "inputs"))
        _follow(simpler_pipeline(self.case, self.verdict.guilty), partial(self.take, "pipeline"))
        for name, reduction in REDUCTIONS:
            _follow(reduction(to_function(self.case.program)), partial(self.take_function, name))
        return self.case is not before

    def take_function(self, name: str, function: TirFunction) -> bool:
        """Judge the test case with another program, unless TVM's verifier rejects that."""
        if time.monotonic() - self.started > self.seconds:
            raise _Stop
        if not adapter.is_well_formed(function.func):
            return False
        return self.take(name, replace(self.case, program=to_program(function)))

    def take(self, name: str, candidate: TirCase) -> bool:
        """Judge a candidate that is new; it becomes the best if it fails in the same way."""
        id_ = candidate.id
        if id_ in self.judged:
            return False
        if time.monotonic() - self.started > self.seconds:
            raise _Stop
        self.judged.add(id_)
        self.calls += 1
        found = self.judge(candidate)
        same = found.outcome == "fail" and self.is_same(found)
        if same:
            self.case, self.verdict = candidate, found
        elif found.outcome == "fail":
            self.keep_slipped(candidate, found)
        if self.on_progress is not None:
            spent = time.monotonic() - self.started
            self.on_progress(Progress(name, self.calls, _size(self.case), spent))
        return same

    def is_same(self, found: Verdict) -> bool:
        """Whether a failure is the one that is being reduced; without NaN where it had NaN is as good."""
        known = self.verdict
        if known.channel == "nan-algebra" and found.channel == "values":
            known = replace(known, channel="values")
        return found.guilty == known.guilty and same_failure(known, found)

    def keep_slipped(self, candidate: TirCase, found: Verdict) -> None:
        """Keep a failure of another kind or of another pass, if it is the first or the smallest of its kind."""
        for position, (known_case, known) in enumerate(self.slipped):
            if known.guilty == found.guilty and same_failure(known, found):
                if len(candidate.program.json) < len(known_case.program.json):
                    self.slipped[position] = (candidate, found)
                return
        self.slipped.append((candidate, found))


def _size(case: TirCase) -> int:
    return tree.size(to_function(case.program).func.body)


def _follow(candidates: Generator[_Candidate, bool, None], take: Callable[[_Candidate], bool]) -> None:
    """Run a reduction, with `take` to say of each candidate whether it is taken."""
    taken: bool | None = None
    while True:
        try:
            candidate = candidates.send(taken) if taken is not None else next(candidates)
        except StopIteration:
            return
        taken = take(candidate)
