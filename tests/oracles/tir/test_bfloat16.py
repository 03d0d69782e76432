"""Programs of bfloat16, which TVM computes in float32: more precision is no finding, anything else is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

pytest.importorskip("tvm")

from tensorsmith.generators.tir.inputs import random_inputs
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir import TirBuffer
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.tir.meaning import WIDENS, Meaning, meaning_of, wrong_widening
from tensorsmith.targets.tvm.function import to_function
from tensorsmith.targets.tvm.passes.catalog import unregister_pass
from tests.planted import planted_passes as planted
from tests.triage.tir.functions import case_of, function

BUILD = Step("build")
PARAMETERS = 'A: T.Buffer((8,), "bfloat16"), B: T.Buffer((8,), "bfloat16"), C: T.Buffer((8,), "int32")'
# Sums with 256 are rounded to even numbers, unless they are kept as float32.
ROUNDED = """
for i in range(8):
    C[i] = T.Cast("int32", T.min(T.max(A[i] + T.bfloat16(256) - T.bfloat16(256), T.bfloat16(-9)), T.bfloat16(9)))
    B[i] = A[i] * A[i] + A[i]
"""
LOCAL = """
W = T.alloc_buffer((8,), "bfloat16")
for i in range(8):
    W[i] = A[i] * A[i]
for i in range(8):
    C[i] = T.if_then_else(W[i] == A[i] * A[i], 1, 0)
    B[i] = W[i] * W[i]
"""
STORED = """
for i in range(8):
    B[i] = A[i] * A[i]
for i in range(8):
    C[i] = T.if_then_else(B[i] == A[i] * A[i], 1, 0)
"""


@pytest.fixture(autouse=True)
def _planted() -> Iterator[None]:
    planted.plant()
    yield
    for name in planted.PLANTED:
        unregister_pass(name)


def case(body: str, *steps: str) -> TirCase:
    made = case_of(function(PARAMETERS, body.strip()))
    return replace(made, pipeline=Pipeline(tuple(Step(name) for name in steps)))


def meaning(body: str) -> Meaning:
    made = case(body)
    found = meaning_of(made, to_function(made.program).func)
    assert isinstance(found, Meaning)
    return found


@pytest.mark.parametrize("body", [ROUNDED, LOCAL, STORED])
@pytest.mark.parametrize("steps", [(), ("tirx.FlattenBuffer", WIDENS.name, "tirx.StmtSimplify"), ("build",)])
def test_what_more_precision_decides_is_no_finding(body: str, steps: tuple[str, ...]) -> None:
    verdict = judge_tir(case(body, *steps))
    assert verdict.outcome == "pass", verdict


def test_more_precision_makes_a_difference_here() -> None:
    for body in (ROUNDED, STORED):
        known = meaning(body)
        wider = known.reference.with_excess()
        kept, rounded = (
            np.concatenate([one.run(given)["C"] for given in known.inputs]) for one in (wider, known.reference)
        )
        assert (kept != rounded).any()
    # The product that is stored is rounded, the one that is compared with it is not.
    assert (rounded == 1).all()


@pytest.mark.parametrize("body", [ROUNDED, LOCAL, STORED])
def test_a_wrong_pass_after_it_is_named(body: str) -> None:
    verdict = judge_tir(case(body, WIDENS.name, "planted.drop_last_iteration", "tirx.StmtSimplify"))
    assert (verdict.outcome, verdict.kind, verdict.guilty) == ("fail", "wrong-result", "planted.drop_last_iteration")


def test_a_wrong_pass_before_native_code_is_found() -> None:
    verdict = judge_tir(case(STORED, "planted.drop_last_iteration", "build"))
    assert (verdict.outcome, verdict.guilty) == ("fail", "planted.drop_last_iteration")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (STORED.replace("B[i] = A[i] * A[i]", "B[i] = A[i] * A[7 - i]"), "B["),
        (STORED.replace("==", "!="), "C["),
        (STORED.replace("A[i] * A[i], 1", "A[i] * A[i + 1], 1"), "out of bounds"),
    ],
)
def test_a_wrong_widening_is_found(wrong: str, said: str) -> None:
    func = to_function(case(wrong).program).func
    verdict = wrong_widening(meaning(STORED), compile_function(func).with_excess(), "oracle", "guilty", "after it")
    assert verdict is not None
    assert said in verdict.message


def test_inputs_are_of_bfloat16_and_special_now_and_then() -> None:
    drawn: dict[str, Any] = random_inputs(3, (TirBuffer("A", "bfloat16", (400,)),), special=0.5)
    assert drawn["A"].dtype.name == "bfloat16"
    assert np.isnan(drawn["A"]).any()
    assert np.isinf(drawn["A"]).any()
    assert len(set(drawn["A"].astype("float32").tolist())) > 50
