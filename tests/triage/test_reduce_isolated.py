"""Reduction of what hangs: candidates get little time, and what is left has the full time to end after all."""

from __future__ import annotations

import pytest

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.cases import operators_of
from tensorsmith.ir.graph import Ref, TensorType
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target
from tensorsmith.triage import reduce_isolated as module
from tensorsmith.triage.reduce_isolated import impatient_judge, reduce_isolated
from tests.triage.programs import TARGET, case_of, chain

LIMITS = Limits(seconds=2.5)
SLOW = chain("neg", "relu")


def slow_and_hanging() -> TestCase:
    """Returns what hangs, what takes a second to compile, and two values that are compiled at once."""
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (2, 3)))
    (negative,) = builder.call("aten.neg.default", (Ref(x),))
    outputs = [builder.call(f"aten.{op}.default", (Ref(negative),))[0] for op in ("cos", "relu")]
    outputs += [builder.call(f"aten.{op}.default", (Ref(x),))[0] for op in ("sin", "abs")]
    return case_of(builder.build(outputs))


@pytest.mark.slow
def test_what_is_only_slow_is_not_taken_for_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """The candidate that keeps only the slow call seems to hang, for the time that it gets."""
    find_target(TARGET).warm()
    monkeypatch.setattr(module, "LEAST_SECONDS", 0.5)
    monkeypatch.setattr(module, "TIMES_SLOWEST", 0.0)
    impatient = impatient_judge(LIMITS)
    assert impatient(chain("sin")).outcome == "pass"
    assert impatient(SLOW).kind == "hang"
    assert judge_isolated(SLOW, LIMITS).outcome == "pass"

    case = slow_and_hanging()
    verdict = judge_isolated(case, LIMITS)
    assert verdict.kind == "hang"
    reduced, again = reduce_isolated(case, verdict, LIMITS, 120.0)
    assert operators_of(reduced.case) == ("aten.neg.default", "aten.cos.default")
    assert again == (2, 2)
    assert reduced.minimal


def test_other_failures_get_the_full_time() -> None:
    case = chain("sin", "neg", "relu", "sigmoid", "tanh")
    verdict = judge_isolated(case, LIMITS)
    assert verdict.kind == "error"
    reduced, again = reduce_isolated(case, verdict, LIMITS, 60.0)
    assert operators_of(reduced.case) == ("aten.sigmoid.default", "aten.tanh.default")
    assert again == (2, 2)
