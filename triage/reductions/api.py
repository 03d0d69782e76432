"""What a reduction is, and the two loops that most reductions are made of."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeAlias

from tensorsmith.ir.testcase import TestCase

# Yields candidates, each simpler than the test case so far, and is sent whether the candidate still fails in the same
# way: it then is the test case so far.
Candidates: TypeAlias = Generator[TestCase, bool, None]

Reduction: TypeAlias = Callable[[TestCase], Candidates]


def first_taken(candidates: Iterable[TestCase | None]) -> Generator[TestCase, bool, TestCase | None]:
    """Offer candidates in order until one is taken, and return it; None if none is. Ill-typed ones are None."""
    for candidate in candidates:
        if candidate is not None and (yield candidate):
            return candidate
    return None


def greedy(case: TestCase, simpler: Callable[[TestCase], Iterable[TestCase | None]]) -> Candidates:
    """Take the first simpler test case that still fails, and begin again from it, until there is none."""
    while True:
        taken = yield from first_taken(simpler(case))
        if taken is None:
            return
        case = taken
