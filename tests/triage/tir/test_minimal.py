"""What is left of a program of TIR is 1-minimal by edits of another kind; candidates may hang or crash."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("tvm")

from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.verdict import Verdict, passed
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.tvm.function import to_function
from tensorsmith.triage.memory import Memory
from tensorsmith.triage.tir import isolated as module
from tensorsmith.triage.tir.isolated import reduce_tir_isolated
from tensorsmith.triage.tir.minimal import smaller_by_one, still_failing
from tensorsmith.triage.tir.reduce import reduce_tir
from tests.planted.planted_passes import PLANTED, plant
from tests.triage.tir.functions import case_of, function, kinds, text
from tests.triage.tir.test_reduce import WRONG, fails_with

WRONG_PASSES = ("planted.drop_last_iteration", "planted.swap_select", "planted.forget_cast", "planted.break_ssa")
PARAMETERS = 'A: T.Buffer((16,), "int32"), B: T.Buffer((8,), "int64")'
BODY = """
for i in range(8):
    A[i] = A[i + 8] + 1
    if A[i] > 2:
        B[i] = T.Cast("int64", T.Cast("int32", B[i] * T.int64(1073741824)))
for j in range(4):
    A[j] = T.Select(A[j] > 3, A[j + 4] * 2, A[j + 8]) + A[0]
"""


@pytest.mark.parametrize("guilty", WRONG_PASSES)
def test_what_a_planted_pass_gets_wrong_is_reduced_to_the_pass_and_a_minimal_program(guilty: str) -> None:
    plant(name for name in PLANTED if name in WRONG_PASSES)
    case = case_of(function(PARAMETERS, BODY), "s_tir.HoistIfThenElse", guilty, "tirx.RemoveNoOp")
    verdict = judge_tir(case)
    assert (verdict.outcome, verdict.guilty) == ("fail", guilty)
    left = reduce_tir(case, verdict, judge_tir, 60)
    assert [step.name for step in left.case.pipeline.steps] == [guilty]
    failing, _ = still_failing(left.case, left.verdict, judge_tir)
    assert failing == [], [text(to_function(one.program)) for one in failing]
    assert len(kinds(to_function(left.case.program))) <= 16


def test_a_program_that_is_not_minimal_is_found_out() -> None:
    case = case_of(function(PARAMETERS, BODY), "tirx.StmtSimplify")
    failing, count = still_failing(case, WRONG, fails_with("Select"))
    assert len(failing) > 10
    assert count == len(list(smaller_by_one(case)))


@pytest.mark.parametrize("end", ["hangs", "crashes"])
def test_candidates_that_hang_or_crash_cost_their_time_only(
    end: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program without casts ends the process that judges it, or never ends; the others are judged in few children."""
    children = tmp_path / "children"

    def judge(case: TirCase) -> Verdict:
        with children.open("a") as file:
            file.write(f"{os.getpid()}\n")
        found = kinds(to_function(case.program))
        if "For" in found and "Cast" not in found:
            if end == "crashes":
                os.kill(os.getpid(), signal.SIGSEGV)
            time.sleep(3600)
        return fails_with("Select")(case)

    def judge_alone(case: TirCase, limits: Limits) -> Verdict:
        return passed("stand-in") if "Cast" not in kinds(to_function(case.program)) else fails_with("Select")(case)

    monkeypatch.setattr(module, "judge_tir", judge)
    monkeypatch.setattr(module, "judge_isolated", judge_alone)
    case = case_of(function(PARAMETERS, BODY), "tirx.StmtSimplify")
    memory = Memory(tmp_path)
    left = reduce_tir_isolated(case, WRONG, Limits(1.0), 60.0, memory=memory)
    assert "Select" in kinds(to_function(left.case.program))
    assert len(kinds(to_function(left.case.program))) < len(kinds(to_function(case.program))) // 2
    assert left.minimal
    assert 1 < len(set(children.read_text().split())) <= module.CHILDREN
    assert len(memory) > 10
