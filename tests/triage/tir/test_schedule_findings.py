"""Findings in primitives of schedules: the judge names the primitive, and the script calls it as users of TVM would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm.passes.primitives import PRIMITIVES, Argument, Call, Nest, Primitive
from tensorsmith.triage.confirm import run_repro
from tensorsmith.triage.tir.repro import scripts
from tests.triage.tir.functions import case_of, function

pytest.importorskip("tvm")

BEFORE = (
    Step("s_tir.StmtSimplify"),
    Step("schedule.split", (("loop", 1), ("factor", 2))),
    Step("schedule.reindex", (("block", 1), ("buffer", 2))),
    Step("schedule.decompose_padding"),
    Step("schedule.fuse"),
)


def _narrow(nest: Nest) -> Call:
    number = (Argument(0, "0"), Argument("int8", '"int8"'))
    return Call("unsafe_set_dtype", (nest.block, *number))


@pytest.fixture
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A primitive of TVM that does change the meaning of programs takes the place of one that does not."""
    monkeypatch.setitem(PRIMITIVES, "set_scope", Primitive("set_scope", lambda nest, **_: _narrow(nest)))


class _Raises(Call):
    """A call in which TVM's map does not have a key."""

    def apply(self, schedule: Any) -> None:
        raise KeyError("key is not in Map")


class _Dies(Call):
    """A call that no process survives."""

    def apply(self, schedule: Any) -> None:
        raise AssertionError("it was called")


def chain(*steps: Step) -> TirCase:
    made = function(
        'A: T.Buffer((4, 6), "int32"), C: T.Buffer((4, 6), "int32")',
        """
with T.sblock("root"):
    B = T.sblock_alloc_buffer((4, 6), "int32")
    for i, j in T.grid(4, 6):
        with T.sblock("scale"):
            vi, vj = T.axis.remap("SS", [i, j])
            B[vi, vj] = A[vi, vj] * 100
    for i, j in T.grid(4, 6):
        with T.sblock("add"):
            vi, vj = T.axis.remap("SS", [i, j])
            C[vi, vj] = B[vi, vj] + A[vi, vj]
""",
    )
    return replace(case_of(made), recipe=TirRecipe((0, 1)), pipeline=Pipeline(steps))


@pytest.mark.usefixtures("_planted")
def test_a_wrong_primitive_among_right_ones_is_named() -> None:
    verdict = judge_tir(chain(*BEFORE, Step("schedule.set_scope"), Step("s_tir.LowerInitBlock")))
    assert (verdict.outcome, verdict.kind, verdict.guilty) == ("fail", "wrong-result", "schedule.set_scope")
    assert judge_tir(chain(*BEFORE, Step("s_tir.LowerInitBlock"))).outcome == "pass"


@pytest.mark.usefixtures("_planted")
def test_a_script_calls_the_primitive_in_a_fresh_interpreter(tmp_path: Path) -> None:
    case = chain(*BEFORE, Step("schedule.set_scope"))
    found = scripts(case, judge_tir(case))
    assert not any("tensorsmith." in text or "import tensorsmith" in text for text in found)
    wrong = 'scheduled(lambda sch: sch.unsafe_set_dtype(sch.get_sblock("scale"), 0, "int8"))'
    alone = [text for text in found if f"{wrong}(" in text]
    after_others = [text for text in found if wrong in text and "sch.split(" in text]
    assert alone
    assert any("def evaluate(" in text for text in alone)
    assert after_others
    # What does not apply is not called, as TVM would raise.
    assert all("decompose_padding" not in text and "sch.fuse(" in text for text in after_others)
    for text in (alone[-1], after_others[-1]):
        path = tmp_path / "repro.py"
        path.write_text(text)
        assert run_repro(path, 120.0)


def test_a_script_of_a_right_primitive_reproduces_nothing(tmp_path: Path) -> None:
    case = replace(chain(*BEFORE), recipe=TirRecipe((0,)))
    verdict = Verdict("fail", "x", kind="wrong-result", channel="values", guilty="schedule.fuse", message="m")
    path = tmp_path / "repro.py"
    for text in scripts(case, verdict):
        path.write_text(text)
        assert not run_repro(path, 120.0)


def test_a_primitive_that_raises_what_python_knows_has_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    raising = Primitive("set_scope", lambda nest, **_: _Raises("set_scope", (nest.block,)))
    monkeypatch.setitem(PRIMITIVES, "set_scope", raising)
    case = chain(Step("schedule.set_scope"))
    verdict = judge_tir(case)
    assert (verdict.outcome, verdict.kind, verdict.guilty) == ("fail", "error", "schedule.set_scope")
    assert any("sch.set_scope(" in script and "KeyError" in script for script in scripts(case, verdict))


def test_a_primitive_that_processes_die_of_is_not_called_to_write_its_script(monkeypatch: pytest.MonkeyPatch) -> None:
    dying = Primitive("set_scope", lambda nest, **_: _Dies("set_scope", (nest.block,)))
    monkeypatch.setitem(PRIMITIVES, "set_scope", dying)
    verdict = Verdict("fail", "death", kind="crash", guilty="schedule.set_scope", message="the process died: SIGSEGV")
    assert any("sch.set_scope(" in script for script in scripts(chain(Step("schedule.set_scope")), verdict))
