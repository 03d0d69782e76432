"""Second looks: rarer after each that brought nothing, at once after one that did."""

from __future__ import annotations

from tensorsmith.fuzz.second_looks import MOST, SecondLooks
from tensorsmith.oracles.verdict import Verdict
from tests.ir.test_tir_case import case_of
from tests.triage.programs import chain

WRONG = Verdict("fail", "pass-by-pass", kind="wrong-result", channel="values", guilty="tirx.StmtSimplify")


def until_wanted(looks: SecondLooks, verdict: Verdict = WRONG) -> int:
    """How many failures it takes."""
    return next(count for count in range(1, 3000) if looks.wanted(case_of(), verdict))


def test_fruitless_looks_get_rarer_and_a_fruitful_one_makes_them_frequent() -> None:
    looks = SecondLooks()
    counts = []
    for fruitful in (False, False, False, True, False):
        counts.append(until_wanted(looks))
        looks.began("alarm", case_of(), WRONG)
        assert looks.under_way("alarm")
        looks.ended("alarm", fruitful)
        assert not looks.under_way("alarm")
    assert counts == [1, 2, 4, 8, 1]


def test_each_guilty_pass_is_counted_for_itself() -> None:
    looks = SecondLooks()
    assert until_wanted(looks) == 1
    looks.began("alarm", case_of(), WRONG)
    looks.ended("alarm", fruitful=False)
    other = Verdict("fail", "pass-by-pass", kind="wrong-result", channel="values", guilty="tirx.RemoveNoOp")
    assert until_wanted(looks, other) == 1
    assert until_wanted(looks) == 2


def test_only_so_many_wait() -> None:
    looks = SecondLooks()
    for number in range(MOST):
        assert looks.wanted(case_of(), WRONG)
        looks.began(str(number), case_of(), WRONG)
    assert not looks.wanted(case_of(), WRONG)


def test_what_says_itself_which_bug_it_is_needs_no_second_look() -> None:
    looks = SecondLooks()
    error = Verdict("fail", "pass-by-pass", kind="error", guilty="tirx.StmtSimplify", exception="E", message="m")
    nan = Verdict("fail", "pass-by-pass", kind="wrong-result", channel="nan-algebra", guilty="tirx.StmtSimplify")
    assert not looks.wanted(case_of(), error)
    assert not looks.wanted(case_of(), nan)
    assert not looks.wanted(chain("sin"), Verdict("fail", "differential", kind="wrong-result", channel="values"))
