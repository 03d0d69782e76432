"""Native code that is wrong in a way of its own keeps its blame; what is wrong in plainer ways, too, is theirs."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

pytest.importorskip("tvm")

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.verdict import Verdict, passed
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.tvm import build
from tensorsmith.targets.tvm.passes.ends import native_name
from tensorsmith.targets.tvm.passes.legalize import legal_pipeline
from tensorsmith.targets.tvm.passes.settings import passes_in, settings_of
from tensorsmith.triage.tir.blame import usual_suspect
from tensorsmith.triage.tir.isolated import reduce_tir_isolated
from tensorsmith.triage.tir.reduce import reduce_tir
from tests.triage.tir.functions import case_of, function

C = Step("target", (("kind", "c"),))
BUILD, CODEGEN = Step("build"), Step("codegen")


def bytes_(*steps: Step) -> TirCase:
    """Wrong as C, in TVM 0.27, and right otherwise."""
    made = function('A: T.Buffer((1,), "uint8")', "A[0] = (T.uint8(0) - A[0]) // T.uint8(2)")
    return replace(case_of(made), recipe=TirRecipe((1,)), pipeline=legal_pipeline(steps))


def test_wrong_c_stays_wrong_c() -> None:
    case = bytes_(C, BUILD)
    assert usual_suspect(case, judge_tir(case), judge_tir) is None


def test_wrong_c_of_the_least_lowering_is_wrong_c() -> None:
    case = bytes_(C, CODEGEN)
    verdict = judge_tir(case)
    assert verdict.guilty == "codegen:c"
    found = usual_suspect(case, verdict, judge_tir)
    assert found is not None
    assert (CODEGEN in found[0].pipeline.steps, found[1].guilty) == (False, "build:c")


@pytest.mark.parametrize("steps", [(C, BUILD), (CODEGEN,), (C, CODEGEN)])
def test_what_is_wrong_by_default_is_not_blamed_on_another_way(steps: tuple[Step, ...]) -> None:
    def judge(case: TirCase) -> Verdict:
        if not passes_in(case.pipeline) or passes_in(case.pipeline)[-1] not in (BUILD, CODEGEN):
            return passed("native")
        name = native_name(passes_in(case.pipeline)[-1], settings_of(case.pipeline))
        return Verdict("fail", "native", kind="wrong-result", channel="values", guilty=name)

    case = bytes_(*steps)
    found = usual_suspect(case, judge(case), judge)
    assert found is not None
    assert (found[0].pipeline, found[1].guilty) == (Pipeline((BUILD,)), "build")


def test_an_error_of_c_is_not_another_error_of_llvm() -> None:
    def judge(case: TirCase) -> Verdict:
        in_c = C in case.pipeline.steps
        message, name = ("no such type", "build:c") if in_c else ("no such call", "build")
        return Verdict("fail", "native", kind="error", guilty=name, message=message)

    case = bytes_(C, BUILD)
    assert usual_suspect(case, judge(case), judge) is None


def test_reduction_keeps_the_way() -> None:
    case = bytes_(C, Step("opt-level", (("value", 0),)), Step("tirx.StmtSimplify"), BUILD)
    reduced = reduce_tir(case, judge_tir(case), judge_tir, 60.0)
    assert reduced.case.pipeline == Pipeline((C, BUILD))
    assert reduced.verdict.guilty == "build:c"
    least = bytes_(Step("s_tir.HoistIfThenElse"), C, CODEGEN)
    reduced = reduce_tir(least, judge_tir(least), judge_tir, 60.0)
    assert reduced.verdict.guilty == "codegen:c"
    assert set(reduced.case.pipeline.steps) == set(legal_pipeline((C, CODEGEN)).steps)


def test_intrinsics_that_are_lowered_wrong_are_blamed_on_the_pass() -> None:
    # TVM 0.27 takes the remainder of a difference of small unsigned integers for that of signed ones.
    made = function('A: T.Buffer((1,), "uint16")', "A[0] = (A[0] // T.uint16(2) - T.uint16(1)) % T.uint16(3)")
    case = replace(case_of(made), recipe=TirRecipe((0,)), pipeline=Pipeline((BUILD,)))
    verdict = judge_tir(case)
    assert (verdict.kind, verdict.guilty) == ("wrong-result", "build")
    found = usual_suspect(case, verdict, judge_tir)
    assert found is not None
    assert found[1].guilty == "tirx.LowerIntrin"
    reduced = reduce_tir(*found, judge_tir, 60.0)
    assert [step.name for step in reduced.case.pipeline.steps][-1] == "tirx.LowerIntrin"


def test_a_pass_is_blamed_where_smaller_programs_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    # TVM 0.27 takes a start that is another loop's variable for what that variable is after `CanonicalizeLoop`: native
    # code writes to A[1], too.
    made = function(
        'A: T.Buffer((2,), "int32")',
        "for i in range(-1, 0):\n    for j in range(i, i + 2):\n        A[T.max(j, 0)] = 0",
    )
    case = replace(case_of(made), recipe=TirRecipe((0,)), pipeline=Pipeline((BUILD,)))
    verdict = judge_tir(case)
    assert (verdict.kind, verdict.guilty) == ("wrong-result", "build")
    run = build.run

    def dying(built: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if any(array.size < 2 for array in arguments.values()):
            os.kill(os.getpid(), signal.SIGSEGV)
        return run(built, arguments)

    monkeypatch.setattr(build, "run", dying)
    reduced = reduce_tir_isolated(case, verdict, Limits(seconds=60.0), 60.0)
    assert reduced.verdict.guilty == "s_tir.CanonicalizeLoop"
