"""Reduction of whole test cases: what is left, what slips, when it stops."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from msgspec.structs import replace

pytest.importorskip("tvm")

from tensorsmith.generators.tir.func import random_function
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.verdict import Verdict, passed
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction, from_program, to_function
from tensorsmith.targets.tvm.passes.defaults import DEFAULT_LOWERING
from tensorsmith.targets.tvm.passes.order import order_problem
from tensorsmith.triage.search import Progress
from tensorsmith.triage.tir.reduce import reduce_tir
from tests.triage.tir.functions import case_of, function, kinds, text

WRONG = Verdict("fail", "stand-in", kind="wrong-result", channel="values", guilty="tirx.StmtSimplify", message="wrong")


def fails_with(*wanted: str, steps: tuple[str, ...] = ()) -> Callable[[TirCase], Verdict]:
    """A judge to which programs with these kinds of nodes, under pipelines with these steps, fail."""

    def judge(case: TirCase) -> Verdict:
        named = [step.name for step in case.pipeline.steps]
        program = set(wanted) <= set(kinds(to_function(case.program)))
        return WRONG if program and set(steps) <= set(named) else passed("stand-in")

    return judge


@pytest.mark.parametrize("seed", range(4))
def test_random_programs_shrink_to_what_matters(seed: int) -> None:
    made = TirFunction(*random_function(Random(seed)))
    case = replace(case_of(made, "tirx.StmtSimplify"), recipe=TirRecipe((3, 4), 0.5))
    wanted = ("BufferStore", "Max")
    if not set(wanted) <= set(kinds(made)):
        pytest.fail("choose another seed")
    left = reduce_tir(case, WRONG, fails_with(*wanted), 60)
    assert left.minimal
    assert len(kinds(to_function(left.case.program))) <= 8
    assert left.case.recipe == TirRecipe((0,), 0.0)
    assert left.case.program.script


def test_a_wrong_pass_is_reduced_to_a_readable_program() -> None:
    made = function(
        'A: T.Buffer((16,), "int32"), B: T.Buffer((8, 4), "int64"), n: T.int32',
        'W = T.alloc_buffer((4,), "int32")\nfor k in range(4):\n    W[k] = A[k] * 2\n'
        "for i in range(0, 16, 3):\n    x: T.let[T.int32] = n + i\n"
        "    if x > 2:\n        for j in range(i, 16, 3):\n            A[j % 16] = A[j] + x + W[i % 4] + j\n"
        '    B[i % 8, 1] = B[i % 8, 2] + T.Cast("int64", x)\nA[0] = 0',
    )
    case = case_of(made)
    verdict = judge_tir(case)
    assert (verdict.kind, verdict.guilty) == ("wrong-result", "s_tir.CanonicalizeLoop")
    left = reduce_tir(case, verdict, judge_tir, 60)
    assert left.minimal
    assert left.case.pipeline == Pipeline((Step("s_tir.CanonicalizeLoop"),))
    assert judge_tir(left.case).guilty == "s_tir.CanonicalizeLoop"
    lines = text(to_function(left.case.program)).splitlines()
    assert len(lines) == 4
    assert [line.split()[0][:2] for line in lines] == ["de", "fo", "fo", "A["]


def test_settings_and_passes_that_do_not_matter_go() -> None:
    made = function('A: T.Buffer((8,), "int32")', "A[0] = T.max(A[1], 1)")
    names = ("s_tir.CanonicalizeLoop", "tirx.StmtSimplify", "s_tir.HoistIfThenElse", "tirx.RemoveNoOp")
    steps = (Step("opt-level", (("value", 1),)), Step("disable:tirx.RemoveNoOp"), *(Step(name) for name in names))
    case = replace(case_of(made), pipeline=Pipeline(steps))
    judge = fails_with("Max", steps=("tirx.StmtSimplify", "s_tir.CanonicalizeLoop"))
    left = reduce_tir(case, WRONG, judge, 60)
    assert [step.name for step in left.case.pipeline.steps] == ["s_tir.CanonicalizeLoop", "tirx.StmtSimplify"]


def test_the_program_becomes_what_the_guilty_pass_takes() -> None:
    made = function('A: T.Buffer((4, 2), "int32")', "for i in range(4):\n    A[i, 0] = T.max(A[i, 1], 1)")

    def judge(case: TirCase) -> Verdict:
        """The second of two passes fails on flat buffers only."""
        names = [step.name for step in case.pipeline.steps]
        flat = names[0] == "tirx.FlattenBuffer" or "view(8)" in text(to_function(case.program))
        return WRONG if flat and names[-1] == "tirx.StmtSimplify" else passed("stand-in")

    case = case_of(made, "tirx.FlattenBuffer", "tirx.StmtSimplify")
    left = reduce_tir(case, WRONG, judge, 60)
    assert left.case.pipeline == Pipeline((Step("tirx.StmtSimplify"),))
    assert "view(8)" in text(to_function(left.case.program))
    assert "target" not in dict(to_function(left.case.program).func.attrs)


def test_a_legal_pipeline_does_not_become_an_illegal_one() -> None:
    made = function('A: T.Buffer((4, 2), "int32")', "for i in T.vectorized(4):\n    A[i, 0] = T.max(A[i, 0], 1)")
    place = next(place for place, step in enumerate(DEFAULT_LOWERING) if step.name == "tirx.VectorizeLoop")
    steps = DEFAULT_LOWERING[: place + 1]
    guilty = steps[-1].name
    case = replace(case_of(made), pipeline=Pipeline(steps))
    assert order_problem(case.pipeline) is None
    seen: list[TirCase] = []

    def judge(candidate: TirCase) -> Verdict:
        seen.append(candidate)
        return replace(fails_with("For", steps=(guilty,))(candidate), guilty=guilty)

    left = reduce_tir(case, replace(WRONG, guilty=guilty), judge, 60)
    assert left.case.pipeline == Pipeline((Step(guilty),))
    # Before the program is what the pass takes, which is flat.
    not_flat = [one for one in seen if one.program.json == case.program.json]
    assert all(order_problem(one.pipeline) is None for one in not_flat)


def test_failures_of_other_kinds_and_passes_are_kept() -> None:
    made = function('A: T.Buffer((8,), "int32")', "for i in range(8):\n    A[i] = T.max(A[i], 1)\nA[0] = 2")
    other = replace(WRONG, guilty="tirx.RemoveNoOp")

    def judge(case: TirCase) -> Verdict:
        found = kinds(to_function(case.program))
        return passed("stand-in") if "BufferStore" not in found else WRONG if "Max" in found else other

    left = reduce_tir(case_of(made, "tirx.StmtSimplify"), WRONG, judge, 60)
    assert "Max" in kinds(to_function(left.case.program))
    assert [verdict.guilty for _, verdict in left.slipped] == ["tirx.RemoveNoOp"]
    assert len(kinds(to_function(left.slipped[0][0].program))) <= 4


def test_a_failure_that_needs_no_nan_is_as_good() -> None:
    made = function('A: T.Buffer((8,), "float32")', "A[0] = A[1] / T.float32(3)\nA[2] = T.max(A[1], T.float32(1))")
    start = replace(WRONG, channel="nan-algebra")

    def judge(case: TirCase) -> Verdict:
        found = kinds(to_function(case.program))
        if "Max" not in found:
            return passed("stand-in")
        return start if "Div" in found else WRONG

    left = reduce_tir(case_of(made, "tirx.StmtSimplify"), start, judge, 60)
    assert left.verdict.channel == "values"
    assert "Div" not in kinds(to_function(left.case.program))


def test_no_candidate_is_ill_formed_or_judged_twice_and_progress_is_told() -> None:
    made = TirFunction(*random_function(Random(5)))
    seen: list[str] = []
    told: list[Progress] = []

    def judge(case: TirCase) -> Verdict:
        func = from_program(case.program)
        assert adapter.is_well_formed(func)
        seen.append(case.id)
        return WRONG if "For" in kinds(to_function(case.program)) else passed("stand-in")

    left = reduce_tir(case_of(made, "tirx.StmtSimplify"), WRONG, judge, 60, told.append)
    assert len(set(seen)) == len(seen) == left.calls == len(told)
    assert told[-1].operators < told[0].operators


def test_time_is_limited() -> None:
    case = case_of(TirFunction(*random_function(Random(5))), "tirx.StmtSimplify")
    left = reduce_tir(case, WRONG, fails_with("BufferStore"), 0.0)
    assert not left.minimal
    assert left.calls == 0


def test_only_failures_are_reduced() -> None:
    case = case_of(function('A: T.Buffer((8,), "int32")', "A[0] = 1"))
    with pytest.raises(ValueError, match="nothing to reduce"):
        reduce_tir(case, passed("stand-in"), fails_with("For"), 1.0)
