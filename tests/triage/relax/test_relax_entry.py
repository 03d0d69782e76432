"""Scripts of findings in Relax: they show the bug that is there, and none where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.graph import Ref, tensor_type
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target
from tensorsmith.targets.tvm.relax.translate.call import Call
from tensorsmith.targets.tvm.relax.translate.table import TRANSLATIONS
from tensorsmith.triage.confirm import run_repro
from tensorsmith.triage.relax.blame import blamed
from tensorsmith.triage.repro import repro_script
from tensorsmith.triage.write_up import best_script
from tests.oracles.programs import case_of, literal

pytest.importorskip("tvm")

LIMITS = Limits(seconds=60.0)


def sorting(dtype: DType, target: str) -> TestCase:
    values = literal(3.0, 1.0, 2.0, 5.0, 4.0, 0.0)
    case = case_of([tensor_type(dtype, (6,))], [("aten.sort.default", (Ref(0),))], [values])
    return msgspec.structs.replace(case, target=target, pipeline=Pipeline((Step("relax.FoldConstant"),)))


@pytest.mark.parametrize("target", ["tvm-relax", "tvm-relax-import"])
def test_a_script_shows_what_tvm_does(target: str, tmp_path: Path) -> None:
    find_target(target).warm()
    # TVM 0.27 sorts bfloat16 wrongly, and float32 rightly.
    wrong = sorting("bf16", target)
    verdict = judge_isolated(wrong, LIMITS)
    assert (verdict.outcome, verdict.kind) == ("fail", "wrong-result")
    right = sorting("f32", target)
    assert judge_isolated(right, LIMITS).outcome == "pass"
    assert [run(case, verdict, tmp_path) for case in (wrong, right)] == [True, False]


def add_of_other_dtypes(call: Call) -> Any:
    from tvm import relax

    return relax.op.add(call["self"].expr, relax.const(1, "int64"))


def broken(call: Call) -> Any:
    raise ValueError("planted")


def test_an_expression_that_tvm_rejects_is_shown_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    find_target("tvm-relax").warm()
    case = case_of([tensor_type("f32", (3,))], [("aten.sin.default", (Ref(0),)), ("aten.exp.default", (Ref(1),))])
    case = msgspec.structs.replace(case, target="tvm-relax")
    monkeypatch.setitem(TRANSLATIONS, "aten.exp.default", add_of_other_dtypes)
    verdict = judge_isolated(case, LIMITS)
    assert (verdict.outcome, verdict.kind) == ("fail", "error")
    assert blamed(case, verdict, LIMITS).guilty == "translation"
    assert best_script(case, verdict, LIMITS)[1]


def test_a_fault_of_our_own_translation_has_no_script_but_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    find_target("tvm-relax").warm()
    case = case_of([tensor_type("f32", (3,))], [("aten.sin.default", (Ref(0),)), ("aten.exp.default", (Ref(1),))])
    case = msgspec.structs.replace(case, target="tvm-relax")
    monkeypatch.setitem(TRANSLATIONS, "aten.exp.default", broken)
    verdict = judge_isolated(case, LIMITS)
    text, runs = best_script(case, verdict, LIMITS)
    assert not runs
    assert "before TVM has the program: planted" in text


def run(case: TestCase, verdict: Verdict, directory: Path) -> bool:
    path = directory / f"{case.id}.py"
    path.write_text(repro_script(case, verdict))
    assert "tensorsmith." not in path.read_text()
    return run_repro(path, 100.0)
