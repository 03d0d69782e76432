"""The runs of a bisection: each in a fresh process, judged against one failure, counted, and told."""

from __future__ import annotations

import time
from collections.abc import Callable

from tensorsmith.ir.cases import Case
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.bisect.result import Check, Outcome, Run
from tensorsmith.triage.signature import same_failure

# How often a side of an answer is run again once a run spoke against it.
MORE_RUNS = 3


class OutOfTime(Exception):
    """Time is up."""


class Runs:
    """Runs test cases and says whether they fail in the way that is looked for.

    Args:
        verdict: the failure, as judges find it.
        limits: of one run.
        seconds: after so long the next run raises OutOfTime.
        on_run: told of every run.
    """

    def __init__(
        self, verdict: Verdict, limits: Limits, seconds: float, on_run: Callable[[Run], object] = lambda run: None
    ) -> None:
        self.verdict = verdict
        self.limits = limits
        self.ends = time.monotonic() + seconds
        self.on_run = on_run
        self.log: list[Run] = []

    def judge(self, name: str, case: Case) -> Verdict:
        """The verdict on a test case, whose name is for people.

        Raises:
            OutOfTime: time is up.
        """
        self.check_time()
        found = judge_isolated(case, self.limits)
        self.note(Run(name, outcome_of(self.verdict, found), said(found)))
        return found

    def run(self, name: str, case: Case) -> Run:
        """How a test case ends; `name` is for people.

        Raises:
            OutOfTime: time is up.
        """
        self.judge(name, case)
        return self.log[-1]

    def note(self, run: Run) -> None:
        """Count a run and tell of it."""
        self.log.append(run)
        self.on_run(run)

    def against(self, verdict: Verdict) -> Runs:
        """The same runs, which look for another failure from now on."""
        other = Runs(verdict, self.limits, 0.0, self.on_run)
        other.ends, other.log = self.ends, self.log
        return other

    def check_time(self) -> None:
        """Raises OutOfTime once time is up."""
        if time.monotonic() > self.ends:
            raise OutOfTime


def outcome_of(known: Verdict, found: Verdict) -> Outcome:
    """How a verdict compares with the failure that is looked for."""
    if found.outcome == "fail":
        return "fails" if same_failure(known, found) else "otherwise"
    return "passes" if found.outcome == "pass" else "nothing"


def said(found: Verdict) -> str:
    """A verdict in a few words; empty for a pass."""
    if found.outcome == "pass":
        return ""
    parts = (found.outcome if found.outcome != "fail" else found.kind, found.reason, found.channel, found.exception)
    where = f" in {found.guilty}" if found.guilty else ""
    return " ".join(part for part in parts if part) + where


def check(failing: Callable[[], Outcome], passing: Callable[[], Outcome] | None) -> Check:
    """Run both sides of an answer again, and some more times if a run speaks against it.

    Args:
        failing: a run that should fail, and did once.
        passing: one that should pass, and did once; None if there is none.
    """
    return Check(_again(failing, "fails"), (0, 0) if passing is None else _again(passing, "passes"))


def _again(run: Callable[[], Outcome], wanted: Outcome) -> tuple[int, int]:
    """Of how many runs, the first included, how many ended as wanted."""
    if run() == wanted:
        return 2, 2
    return 1 + sum(run() == wanted for _ in range(MORE_RUNS)), 2 + MORE_RUNS
