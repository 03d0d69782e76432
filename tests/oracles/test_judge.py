"""Judging in a child process: what its end means."""

from __future__ import annotations

import os

import pytest

from tensorsmith.ir.graph import Ref, tensor_type
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles import judge_graph as judging
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.observation import Observation
from tensorsmith.oracles.registry import ORACLES, JudgeCall, OracleEntry
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.api import Runnable, Target
from tensorsmith.targets.isolation import Limits
from tests.oracles.programs import case_of

CASE = case_of([tensor_type("f32", (3,))], [("aten.neg.default", (Ref(0),))])


def faulty(case: TestCase, expected: Observation, run: Runnable, target: Target) -> Verdict:
    raise RuntimeError("this oracle is broken")


def deadly(case: TestCase, expected: Observation, run: Runnable, target: Target) -> Verdict:
    os._exit(3)


@pytest.mark.parametrize(("oracle", "outcome", "reason"), [(faulty, "invalid", "harness-error"), (deadly, "fail", "")])
def test_no_compiler_is_blamed_for_a_fault_of_an_oracle(
    oracle: JudgeCall, outcome: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = OracleEntry("planted", "planted by this test", oracle)
    monkeypatch.setattr(judging, "all_oracles", lambda: (*ORACLES, entry))
    verdict = judge_isolated(CASE, Limits(seconds=60))
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    if reason:
        assert "this oracle is broken" in verdict.message
