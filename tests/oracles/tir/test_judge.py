"""Every pass is judged: wrong ones are named, right ones are not."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir import TirBuffer, integer_range
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.mutators.tir.repair import with_loop
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction, from_program, to_program
from tensorsmith.targets.tvm.older import served_by
from tensorsmith.targets.tvm.passes.catalog import unregister_pass
from tensorsmith.targets.tvm.passes.defaults import DEFAULT_TIR
from tensorsmith.triage.tir.report import report_tir
from tests.planted import planted_passes as planted

pytest.importorskip("tvm")

SIMPLIFY = Step("tirx.StmtSimplify")


@pytest.fixture(autouse=True)
def _planted() -> Iterator[None]:
    planted.plant()
    yield
    for name in planted.PLANTED:
        unregister_pass(name)


def case_of(value: Any, steps: tuple[Step, ...], inputs: tuple[Any, ...], dtype: str = "int32") -> TirCase:
    """`for i in 8: B[i] = value(i, A[i])`, with a pipeline."""
    tirx = adapter.tvm().tirx
    a, b = adapter.buffer("A", inputs[0].dtype, (8,)), adapter.buffer("B", dtype, (8,))
    i = tirx.Var("i", "int32")
    body = tirx.For(i, 0, 8, 0, tirx.BufferStore(b, value(i, a[i]), [i]))
    function = TirFunction(adapter.function([a, b], body), (*inputs, TirBuffer("B", dtype, (8,))))
    return TirCase(to_program(function), "tvm-tir", TirRecipe((1, 2)), pipeline=Pipeline(steps))


def small(low: int, high: int, dtype: str = "int32") -> tuple[TirBuffer]:
    return (TirBuffer("A", dtype, (8,), low, high),)


def selection(i: Any, x: Any) -> Any:
    tirx = adapter.tvm().tirx
    return tirx.Select(tirx.LT(i, tirx.IntImm("int32", 4)), x, tirx.IntImm("int32", 100))


def narrowed(i: Any, x: Any) -> Any:
    tirx = adapter.tvm().tirx
    return tirx.Cast("int32", tirx.Cast("int8", x))


def blamed(verdict: Verdict) -> tuple[str, str | None, str]:
    return verdict.outcome, verdict.kind, verdict.guilty


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("drop_last_iteration", selection, "wrong-result"),
        ("swap_select", selection, "wrong-result"),
        ("forget_cast", narrowed, "wrong-result"),
        ("break_ssa", selection, "ill-formed"),
    ],
)
def test_a_wrong_pass_among_right_ones_is_named(name: str, value: Any, kind: str) -> None:
    steps = (SIMPLIFY, Step(f"planted.{name}"), SIMPLIFY, Step("tirx.RemoveNoOp"))
    verdict = judge_tir(case_of(value, steps, small(200, 900)))
    assert blamed(verdict) == ("fail", kind, f"planted.{name}")
    assert blamed(judge_tir(case_of(value, (SIMPLIFY, SIMPLIFY), small(200, 900)))) == ("pass", None, "")


def test_a_pass_that_does_not_end_hangs() -> None:
    case = case_of(selection, (SIMPLIFY, Step("planted.loop_for_ever")), small(0, 9))
    verdict = judge_isolated(case, Limits(seconds=3.0))
    assert blamed(verdict) == ("fail", "hang", "planted.loop_for_ever")
    # The report does not run what hung.
    assert "planted.loop_for_ever" in report_tir(case, verdict, None, (2, 2))


def test_a_pass_that_changes_nothing_here_is_not_blamed() -> None:
    steps = (Step("planted.forget_cast"), Step("planted.swap_select"))
    assert judge_tir(case_of(lambda i, x: x + i, steps, small(0, 9))).outcome == "pass"


def test_a_pragma_around_its_loop_is_no_use_of_a_variable() -> None:
    plain = case_of(selection, (), small(0, 9))
    func = from_program(plain.program)
    marked = with_loop(func.body, annotations={"pragma_unroll_explicit": adapter.tvm().tirx.IntImm("int32", 0)})
    program = to_program(TirFunction(func.with_body(marked), plain.program.buffers))
    steps = (Step("s_tir.LowerOpaqueBlock"), Step("tirx.FlattenBuffer"))
    case = TirCase(program, "tvm-tir", pipeline=Pipeline(steps))
    verdict = judge_tir(case)
    assert verdict.outcome == "pass", verdict


def test_native_code_is_judged_too() -> None:
    right = case_of(selection, (SIMPLIFY, Step("build")), small(0, 9))
    assert judge_tir(right).outcome == "pass"
    default = case_of(selection, (), small(0, 9))
    assert judge_tir(default).outcome == "pass"


def test_passes_that_change_the_parameters_are_run_and_not_compared() -> None:
    verdict = judge_tir(case_of(selection, DEFAULT_TIR, small(0, 9)))
    assert verdict.outcome == "pass", verdict


def test_a_program_without_a_meaning_is_invalid() -> None:
    tirx = adapter.tvm().tirx
    divided = case_of(lambda i, x: tirx.FloorDiv(i, x), (SIMPLIFY,), small(0, 0))
    verdict = judge_tir(divided)
    assert (verdict.outcome, verdict.reason) == ("invalid", "undefined: division by zero")


def test_an_error_in_a_pass_is_one_and_noise_is_none() -> None:
    tirx = adapter.tvm().tirx
    # A constant zero as a divisor of floats, which IEEE defines, is refused by constant folding in TVM 0.27.
    folded = case_of(
        lambda i, x: tirx.Cast("float32", x) * tirx.Div(tirx.FloatImm("float32", 1.0), tirx.FloatImm("float32", 0.0)),
        (SIMPLIFY,),
        small(1, 9),
        "float32",
    )
    verdict = judge_tir(folded)
    assert blamed(verdict) == ("fail", "error", "tirx.StmtSimplify")
    assert "Divide by zero" in verdict.message
    assert verdict.frames[-1].startswith("const_fold.h:")


def test_the_sign_of_the_greater_of_two_zeros_is_open() -> None:
    tirx = adapter.tvm().tirx
    zeros = (tirx.FloatImm("float32", 0.0), tirx.FloatImm("float32", -0.0))
    inputs = (TirBuffer("A", "float32", (8,)),)
    assert judge_tir(case_of(lambda i, x: tirx.Max(*zeros), (SIMPLIFY,), inputs, "float32")).outcome == "pass"


def test_an_error_in_a_free_order_is_noise() -> None:
    tirx = adapter.tvm().tirx
    zero = tirx.FloatImm("float32", 0.0)
    inputs = (TirBuffer("A", "float32", (8,)),)
    steps = (Step("free-order"), SIMPLIFY)
    verdict = judge_tir(
        case_of(lambda i, x: x * tirx.Div(tirx.FloatImm("float32", 1.0), zero), steps, inputs, "float32")
    )
    assert (verdict.outcome, verdict.reason) == ("invalid", "noise: an error in a free order")


@pytest.mark.parametrize("dtype", ["int32", "int64", "int8", "uint32"])
def test_overflow_of_a_sum_in_another_order_is_no_difference(dtype: str) -> None:
    tirx = adapter.tvm().tirx
    greatest = integer_range(dtype)[1]

    def value(i: Any, x: Any) -> Any:
        return tirx.Add(tirx.Sub(x, tirx.IntImm(dtype, 5)), tirx.IntImm(dtype, 4))

    case = case_of(value, (Step("planted.add_first"),), small(greatest - 3, greatest, dtype), dtype)
    assert judge_tir(case).outcome == "pass"


def test_reassociation_of_floats_is_rounding_and_a_dropped_addend_is_not() -> None:
    tirx = adapter.tvm().tirx
    inputs = (TirBuffer("A", "float32", (8,)),)

    def sums(i: Any, x: Any) -> Any:
        return tirx.Add(tirx.Add(x, tirx.FloatImm("float32", 1e8)), tirx.FloatImm("float32", 3.0))

    assert (
        judge_tir(case_of(sums, (SIMPLIFY, Step(served_by("s_tir.StmtSimplify"))), inputs, "float32")).outcome == "pass"
    )


def test_a_pass_that_there_is_not_is_no_failure_of_the_compiler() -> None:
    with pytest.raises(InvalidInputError, match=r"unknown pass `tirx\.NoSuch`"):
        judge_tir(case_of(selection, (SIMPLIFY, Step("tirx.NoSuch")), small(0, 9)))


def test_equal_seeds_give_equal_verdicts() -> None:
    from tensorsmith.generators.tir.source import random_tir

    rng = Random(3)
    case = TirCase(to_program(random_tir(rng)), "tvm-tir", TirRecipe((1, 2)), pipeline=Pipeline((SIMPLIFY,)))
    assert judge_tir(case) == judge_tir(case)
