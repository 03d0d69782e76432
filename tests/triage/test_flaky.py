"""A failure that does not show every time is asked for again, so that the reduction does not wander."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from tensorsmith.ir.cases import operators_of
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.verdict import Verdict, invalid, passed
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage import reduce_isolated as module
from tensorsmith.triage.flaky import RUNS, STEADY, asking_again, shown, times_wanted
from tensorsmith.triage.reduce import reduce_case
from tests.triage.programs import chain, random_program
from tests.triage.test_reduce import contains, wrong

OTHER = Verdict("fail", "all", kind="error", exception="AssertionError", message="another")


def said(*verdicts: Verdict) -> Callable[[TestCase], Verdict]:
    """A judge that says one after the other."""
    left = list(verdicts)
    return lambda case: left.pop(0)


def sometimes(chance: float, seed: int) -> Callable[[TestCase], Verdict]:
    """Programs with relu and mul fail with a chance; those without fail very rarely."""
    rng = Random(seed)
    both = contains("relu", "mul")
    return lambda case: wrong() if rng.random() < (chance if both(case) == wrong() else 0.03) else passed("planted")


YES, NO = wrong(), passed("planted")


@pytest.mark.parametrize(
    ("verdicts", "times", "of", "outcome"),
    [
        ((YES, YES, YES), 3, 3, YES),
        ((YES, NO), 3, 3, NO),
        ((NO, YES, NO, YES), 2, 6, YES),
        ((NO, NO, YES, NO), 2, 4, NO),
        ((NO, OTHER, NO), 2, 4, OTHER),
        ((invalid("planted", "eager-error"),), 2, 4, invalid("planted", "eager-error")),
    ],
)
def test_so_many_times_of_so_many(verdicts: tuple[Verdict, ...], times: int, of: int, outcome: Verdict) -> None:
    found = asking_again(said(*verdicts), wrong(), times, of)(chain("sin"))
    assert (found.outcome, found.kind, found.reason) == (outcome.outcome, outcome.kind, outcome.reason)


def test_what_shows_rarely_is_asked_for_more_often() -> None:
    assert times_wanted(RUNS) == STEADY
    assert times_wanted(3) == (2, 8)
    assert times_wanted(1) == (2, 24)
    assert shown(chain("sin"), wrong(), said(YES, NO, OTHER, YES, NO, NO)) == 2


@pytest.mark.parametrize("seed", range(4))
def test_a_flickering_failure_is_reduced_all_the_way(seed: int) -> None:
    case = random_program(seed, 15)
    judge = sometimes(0.5, seed)
    times, of = times_wanted(3)
    reduced = reduce_case(case, wrong(), asking_again(judge, wrong(), times, of), 60)
    assert set(reduced.case.graph.operators()) >= {"aten.relu.default", "aten.mul.Tensor"}
    assert len(reduced.case.graph.nodes) <= 4


def test_a_reduction_that_followed_chance_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time anything without relu fails, as if by chance; never again."""
    judged: set[str] = set()
    both = contains("relu", "mul")

    def judge_isolated(case: TestCase, limits: Limits) -> Verdict:
        if both(case) == wrong() or (case.id not in judged and "aten.relu.default" not in case.graph.operators()):
            judged.add(case.id)
            return wrong()
        return passed("planted")

    monkeypatch.setattr(module, "judge_isolated", judge_isolated)
    monkeypatch.setattr("tensorsmith.triage.confirm.judge_isolated", judge_isolated)
    case = random_program(1, 15)
    reduced, again = module.reduce_isolated(case, wrong(), Limits(), 60.0)
    assert operators_of(reduced.case) == ("aten.relu.default", "aten.mul.Tensor")
    assert again == (2, 2)
