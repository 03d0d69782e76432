"""What the passes over TIR did: of the passes that fire, and of no others."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tensorsmith.fuzz.coverage.semantic.tir_passes import TirPasses
from tensorsmith.fuzz.make import make_test
from tensorsmith.fuzz.messages import Slot
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir import TirBuffer
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.oracles.tir.judge import judge_tir
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction, to_program

pytest.importorskip("tvm")

SIMPLIFY, UNROLL, VECTORIZE = Step("tirx.StmtSimplify"), Step("tirx.UnrollLoop"), Step("tirx.VectorizeLoop")


def case_of(zero: int, kind: int, steps: tuple[Step, ...]) -> TirCase:
    """`for i in 8: B[i] = A[i] + zero`, with a loop of a kind and a pipeline."""
    tirx = adapter.tvm().tirx
    a, b = (adapter.buffer(name, "int32", (8,)) for name in "AB")
    i = tirx.Var("i", "int32")
    value = tirx.Add(a[i], tirx.IntImm("int32", zero))
    body = tirx.For(i, 0, 8, kind, tirx.BufferStore(b, value, [i]))
    buffers = (TirBuffer("A", "int32", (8,), 0, 100), TirBuffer("B", "int32", (8,)))
    function = TirFunction(adapter.function([a, b], body), buffers)
    return TirCase(to_program(function), "tvm-tir", TirRecipe((1, 2)), pipeline=Pipeline(steps))


def seen(case: TirCase, observer: TirPasses | None = None) -> frozenset[str]:
    watching = observer or TirPasses()
    judge_tir(case, on_change=watching.changed)
    return watching.take()


def test_a_pass_that_changes_something_fires() -> None:
    assert {"fired tirx.StmtSimplify", "fired tirx.StmtSimplify with int32"} <= seen(case_of(0, 0, (SIMPLIFY,)))


def test_a_pass_that_changes_nothing_does_not() -> None:
    assert seen(case_of(7, 0, (SIMPLIFY,))) == frozenset()


def test_passes_that_fire_one_after_the_other_are_a_pair_whatever_stands_between() -> None:
    found = seen(case_of(0, 3, (SIMPLIFY, VECTORIZE, UNROLL)))
    assert "fired tirx.StmtSimplify then tirx.UnrollLoop" in found
    assert not any("VectorizeLoop" in feature for feature in found)


def test_what_a_pass_adds_and_removes_is_named() -> None:
    assert "tirx.UnrollLoop removes For.unrolled" in seen(case_of(7, 3, (SIMPLIFY, UNROLL)))
    assert "tirx.VectorizeLoop removes For.vectorized" in seen(case_of(7, 2, (VECTORIZE,)))


def random_cases(number: int) -> list[TirCase]:
    found: list[TirCase] = []
    for seed in range(number):
        try:
            case, _ = make_test(Slot(seed), "tvm-tir", "cpu", 8, {})
        except GraphError:
            continue
        assert isinstance(case, TirCase)
        found.append(case)
    return found


def test_equal_tests_are_seen_alike_whatever_was_tested_before_and_judged_as_without() -> None:
    cases = random_cases(60)
    observer = TirPasses()
    first: dict[str, Any] = {case.id: seen(case, observer) for case in cases}
    assert len(set().union(*first.values())) > 100
    Random(0).shuffle(cases)
    assert {case.id: seen(case, observer) for case in cases} == first
    watched = [judge_tir(case, on_change=observer.changed) for case in cases]
    assert [judge_tir(case) for case in cases] == watched
