"""Scripts of findings: they run where there is no tensorsmith, and say whether the failure is there."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

pytest.importorskip("tvm")

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.verdict import Verdict, passed
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.older import is_older
from tensorsmith.targets.tvm.passes.legalize import legal_pipeline
from tensorsmith.triage.confirm import run_repro
from tensorsmith.triage.tir.report import report_tir
from tensorsmith.triage.tir.repro import scripts
from tests.triage.tir.functions import case_of, function

SECONDS = 120.0


def steps_of_loops() -> TirCase:
    """A loop with a step starts where the loop around it is, whose step TVM forgets."""
    made = function(
        'A: T.Buffer((4,), "int32"), n: T.int32',
        "for i in range(0, 5, 2):\n    for j in range(0, i, 2):\n        A[0] = j + n",
    )
    return replace(case_of(made), recipe=TirRecipe((0, 1)))


def unsigned_difference() -> TirCase:
    """TVM folds a difference of unsigned constants below zero, and then cannot say what it is."""
    tirx = adapter.tvm().tirx
    made = function('A: T.Buffer((1,), "uint8")', "A[0] = T.uint8(1)")
    zero, one = tirx.IntImm("uint8", 0), tirx.IntImm("uint8", 1)
    store = tirx.BufferStore(made.func.params[0], tirx.Sub(tirx.Max(zero, zero), one), [0])
    return case_of(made.with_body(store))


def run(text: str, where: Path) -> tuple[int, str]:
    """What a script exits with and says; in a fork of this process, which has imported TVM, which takes seconds."""
    where.write_text(text)
    if is_older():  # this process has other names for what is in TVM
        ended = subprocess.run([sys.executable, str(where)], capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout
    said = where.with_suffix(".txt")
    child = os.fork()
    if child == 0:
        code = 99
        with said.open("w") as sys.stdout:
            try:
                runpy.run_path(str(where), run_name="__main__")
            except SystemExit as ended:
                code = int(ended.code or 0)
            finally:
                sys.stdout.flush()
                os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.read_text()


def test_wrong_values_show_in_compiled_code_and_in_the_pass(tmp_path: Path) -> None:
    case = steps_of_loops()
    verdict = judge_tir(case)
    assert (verdict.kind, verdict.guilty) == ("wrong-result", "s_tir.CanonicalizeLoop")
    found = scripts(case, verdict)
    assert all("tensorsmith." not in text and "import tensorsmith" not in text for text in found)
    assert "@T.prim_func" in found[0]
    assert "evaluate" not in found[0]
    assert "def evaluate(" in found[-1]
    assert all(len(line) <= 120 for line in found[0].splitlines())
    path = tmp_path / "repro.py"
    path.write_text(found[0])
    assert run_repro(path, SECONDS)
    code, said = run(found[-1], path)
    assert code == 1, said
    assert "reproduced: after s_tir.CanonicalizeLoop other values in A" in said


def test_a_script_does_not_reproduce_what_is_not_there(tmp_path: Path) -> None:
    case = case_of(function('A: T.Buffer((4,), "float32")', "A[0] = A[1] + A[2]"), "s_tir.CanonicalizeLoop")
    verdict = Verdict("fail", "x", kind="wrong-result", channel="values", guilty="s_tir.CanonicalizeLoop", message="m")
    found = scripts(case, verdict)
    assert run(found[0], tmp_path / "native.py")[0] == 0
    assert run(found[-1], tmp_path / "evaluated.py")[0] == 0


def test_an_error_shows_by_default_or_in_the_pass(tmp_path: Path) -> None:
    case = unsigned_difference()
    verdict = judge_tir(case)
    assert verdict.kind == "error", verdict
    found = scripts(case, verdict)
    assert "tvm.compile(" in found[0]
    code, said = run(found[0], tmp_path / "default.py")
    assert (code, "reproduced: InternalError" in said) == (1, True), said
    other = replace(verdict, exception="builtins.KeyError")
    assert run(scripts(case, other)[0], tmp_path / "other.py")[0] == 2


def test_an_ill_formed_program_is_looked_for_after_the_pass(tmp_path: Path) -> None:
    case = case_of(function('A: T.Buffer((4,), "int32")', "A[0] = A[1] + 0"), "tirx.StmtSimplify")
    verdict = Verdict("fail", "x", kind="ill-formed", guilty="tirx.StmtSimplify", message="rejected")
    (text,) = scripts(case, verdict)
    assert run(text, tmp_path / "fine.py")[0] == 0
    # The same script with a pass that does what it looks for.
    wrong = text.replace("tvm.tirx.transform.StmtSimplify()(before)", "undefined(before)").replace(
        "def check()",
        "def undefined(mod):\n"
        '    body = tvm.tirx.Evaluate(tvm.tirx.Var("x", "int32"))\n'
        '    return tvm.IRModule({"main": mod["main"].with_body(body)})\n\n\ndef check()',
    )
    assert wrong != text
    code, said = run(wrong, tmp_path / "wrong.py")
    assert code == 1, said
    assert "reproduced: tirx.StmtSimplify gives an ill-formed program" in said


@pytest.mark.skipif(is_older(), reason="0.26 does not die of it")
def test_a_crash_is_a_child_that_dies(tmp_path: Path) -> None:
    made = function(
        'A: T.Buffer((8,), "int32")',
        'for i in T.serial(T.int64(8)):\n    with T.sblock("b"):\n        v = T.axis.spatial(T.int64(8), i)\n'
        "        A[v] = 1",
    )
    case = replace(case_of(made), pipeline=Pipeline((Step("tirx.NarrowDataType", (("target_bits", 32),)),)))
    verdict = Verdict("fail", "death", kind="crash", message="died by SIGSEGV")
    found = scripts(case, verdict)
    code, said = run(found[-1], tmp_path / "alone.py")
    assert code == 1, said
    assert "reproduced: the process dies" in said


def test_a_hang_is_a_child_that_does_not_end(tmp_path: Path) -> None:
    case = case_of(function('A: T.Buffer((4,), "int32")', "A[0] = 1"))
    verdict = Verdict("fail", "death", kind="hang", message="no end")
    (text,) = scripts(case, verdict, Limits(seconds=2))
    endless = text.replace('        run(tvm.IRModule({"main": main}))', "        while True:\n            pass")
    assert endless != text
    code, said = run(endless, tmp_path / "endless.py")
    assert (code, "reproduced: no end within 2 seconds" in said) == (1, True)


def test_passes_and_settings_before_the_guilty_pass_are_in_the_script() -> None:
    case = steps_of_loops()
    steps = (Step("opt-level", (("value", 3),)), Step("tirx.RemoveNoOp"), Step("s_tir.CanonicalizeLoop"))
    case = replace(case, pipeline=Pipeline(steps))
    verdict = judge_tir(case)
    assert verdict.guilty == "s_tir.CanonicalizeLoop"
    texts = [text for text in scripts(case, verdict) if "RemoveNoOp" in text]
    assert texts
    assert all("tvm.transform.PassContext(opt_level=3)" in text for text in texts)
    assert all(text.count("def applied(") == 1 for text in texts)


def test_every_script_compiles() -> None:
    for case in (steps_of_loops(), unsigned_difference()):
        for text in scripts(case, judge_tir(case)):
            compile(text, "script", "exec")
            assert re.match(r'"""tvm-tir: ', text)


def test_only_failures_have_scripts() -> None:
    with pytest.raises(ValueError, match="no script"):
        scripts(steps_of_loops(), passed("x"))


def test_a_report_has_the_programs_and_the_versions() -> None:
    case = steps_of_loops()
    verdict = judge_tir(case)
    text = report_tir(case, verdict, scripts(case, verdict)[0], (2, 2))
    assert text.startswith("# [tvm-tir] s_tir.CanonicalizeLoop changes what the program computes: ")
    for part in (
        "## Expected behavior",
        "## Actual behavior",
        "## Environment",
        "## Steps to reproduce",
        "## Triage",
        "## Program",
        "## After `s_tir.CanonicalizeLoop`",
        "- TVM: 0.",
        "- guilty: `s_tir.CanonicalizeLoop`",
    ):
        assert part in text
    assert "for i in range(0, 5, 2):" in text
    assert "for i in range(3):" in text


def test_a_report_of_what_cannot_be_printed_has_the_constructors() -> None:
    case = unsigned_difference()
    text = report_tir(case, judge_tir(case), None, (1, 2))
    assert "it is flaky" in text
    assert "None that needs TVM alone shows the failure" in text
    assert "uint8" in text


def test_only_failures_are_reported() -> None:
    with pytest.raises(ValueError, match="nothing to report"):
        report_tir(steps_of_loops(), passed("x"), None, (0, 1))


def wrapped_in_c() -> TirCase:
    """Unsigned bytes, which C computes as signed integers: TVM 0.27 does not cut what is above a byte."""
    made = function('A: T.Buffer((1,), "uint8")', "A[0] = (T.uint8(0) - A[0]) // T.uint8(2)")
    steps = (Step("target", (("kind", "c"),)), Step("build"))
    return replace(case_of(made), recipe=TirRecipe((1,)), pipeline=Pipeline(steps))


def test_wrong_values_show_in_c(tmp_path: Path) -> None:
    case = wrapped_in_c()
    verdict = judge_tir(case)
    assert (verdict.kind, verdict.guilty) == ("wrong-result", "build:c")
    found = scripts(case, verdict)
    assert [run(text, tmp_path / "repro.py")[0] for text in found] == [0, 1]
    assert report_tir(case, verdict, found[1], (3, 3)).startswith(
        "# [tvm-tir] compiled code of the C that TVM writes gives other values than the program: "
    )


@pytest.mark.parametrize("target", [(), (Step("target", (("kind", "c"),)),)], ids=["llvm", "c"])
def test_scripts_of_the_least_lowering_run(target: tuple[Step, ...], tmp_path: Path) -> None:
    case = wrapped_in_c()
    least = legal_pipeline((*target, Step("codegen")))
    name = "codegen:c" if target else "codegen"
    verdict = Verdict("fail", "native", kind="wrong-result", channel="values", guilty=name)
    texts = [text for text in scripts(replace(case, pipeline=least), verdict) if "target.build." in text]
    assert texts
    assert [run(text, tmp_path / "repro.py")[0] for text in texts] == [1 if target else 0]
