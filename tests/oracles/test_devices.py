"""Results of another device against eager on the CPU. Where there is no GPU the CPU stands for it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tensorsmith.ir.graph import Ref, tensor_type
from tensorsmith.oracles.devices import compared_with_cpu, judge_call
from tensorsmith.oracles.observation import observe
from tensorsmith.targets.eager import Eager
from tests.oracles.programs import case_of

CASE = case_of([tensor_type("f32", (3,))], [("aten.exp.default", (Ref(0),))])


def wrong(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return [inputs[0].exp() + 1]


def refusing(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    raise ValueError("no kernel image")


def test_a_result_that_the_cpu_does_not_give_is_a_failure() -> None:
    eager = Eager()
    assert compared_with_cpu(CASE, eager.compile(CASE), eager).outcome == "pass"
    verdict = compared_with_cpu(CASE, wrong, eager)
    assert (verdict.outcome, verdict.oracle, verdict.channel) == ("fail", "devices", "values")
    assert compared_with_cpu(CASE, refusing, eager).kind == "error"


def test_on_the_cpu_the_differential_oracle_has_said_it_all() -> None:
    eager = Eager()
    assert judge_call(CASE, observe(eager.compile(CASE), CASE), wrong, eager).outcome == "pass"
