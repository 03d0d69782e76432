"""Reduction: the smallest test case that still fails in the same way.

The order of the removals (slices by bisection, then counter-based delta debugging, then bypassing) was chosen on
simulated graphs of 10 to 300 calls, where it needed the fewest runs and left the fewest calls; that the end is bisected
off before outputs are dropped, on random programs with planted bugs (`bench/reduce.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.memory import Memory
from tensorsmith.triage.reductions.registry import REMOVALS, SIMPLIFICATIONS
from tensorsmith.triage.search import Progress, Reduced, Search, follow


def reduce_case(
    case: TestCase,
    verdict: Verdict,
    judge: Callable[[TestCase], Verdict],
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
    memory: Memory | None = None,
    part: str = "",
    workers: int = 1,
) -> Reduced[TestCase]:
    """Reduce a failing test case.

    Args:
        case: the test case.
        verdict: how it fails; a candidate counts only if it fails in the same way.
        judge: judges a candidate, within its own limits.
        deadline_seconds: after so long the best so far is returned, as it is on Ctrl-C.
        on_progress: called after every run of the judge, and for every candidate that is taken.
        memory: what is known of candidates already, and where to keep what becomes known.
        part: which judge it is whose verdicts are remembered.
        workers: how many processes may judge at once; with more than one, the judge runs in forked ones.

    Raises:
        ValueError: the verdict is no failure.
    """
    return _GraphSearch(case, verdict, judge, deadline_seconds, on_progress, memory, part, workers).run()


class _GraphSearch(Search[TestCase]):
    def one_round(self) -> None:
        """See Search."""
        for name, reduction in REMOVALS:
            self.explore(name, partial(reduction, self.case), _itself)
        self.leap()
        for name, reduction in SIMPLIFICATIONS:
            self.explore(name, partial(reduction, self.case), _itself)

    def size(self, case: TestCase) -> int:
        """See Search."""
        return len(case.graph.nodes)

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
            follow(reduction(assumed), assume)
        self.take("all simplifications", assumed)


def _itself(case: TestCase) -> TestCase:
    return case
