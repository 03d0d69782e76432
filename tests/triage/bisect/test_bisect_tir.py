"""The guilty pass of TIR: of wrong passes that are planted, and of TVM's own."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

pytest.importorskip("tvm")

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.passes.catalog import register_pass, unregister_pass
from tensorsmith.targets.tvm.passes.defaults import BUILD
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.triage.bisect.api import bisected
from tensorsmith.triage.bisect.result import Bisected, Check, Passes
from tensorsmith.triage.bisect.text import answers
from tests.planted import planted_passes
from tests.triage.tir.functions import case_of, function

LIMITS = Limits(seconds=20.0)
SOLID = Check((2, 2), (2, 2))
SIMPLIFY, UNROLL = Step("tirx.StmtSimplify"), Step("tirx.UnrollLoop")
COUNT = function('A: T.Buffer((8,), "int32")', "for i in range(8):\n    A[i] = A[i] + 1")
# TVM 0.27 takes the remainder of a difference of small unsigned integers for that of signed ones.
REMAINDER = function('A: T.Buffer((1,), "uint16")', "A[0] = (A[0] // T.uint16(2) - T.uint16(1)) % T.uint16(3)")
# It is wrong as C, in TVM 0.27, and right otherwise.
HALF = function('A: T.Buffer((1,), "uint8")', "A[0] = (T.uint8(0) - A[0]) // T.uint8(2)")


@pytest.fixture(scope="module", autouse=True)
def planted() -> None:
    find_target("tvm-tir").warm()
    planted_passes.plant()


def piped(case: TirCase, *steps: Step) -> TirCase:
    return replace(case, recipe=TirRecipe((1,)), pipeline=Pipeline(steps))


def bisected_at(case: TirCase) -> Bisected:
    verdict = judge_isolated(case, LIMITS)
    assert verdict.outcome == "fail", verdict
    found = bisected(case, verdict, LIMITS)
    assert (found.complete, found.flaky) == (True, False)
    return found


def passes_of(case: TirCase) -> Passes:
    found = bisected_at(case).passes
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["drop_last_iteration", "break_ssa"])
def test_the_shortest_prefix_ends_with_the_wrong_pass(name: str) -> None:
    wrong = Step(f"planted.{name}")
    found = passes_of(piped(case_of(COUNT), SIMPLIFY, UNROLL, wrong, wrong, SIMPLIFY))
    assert found.guilty == wrong.name
    assert found.prefix == (SIMPLIFY, UNROLL, wrong)
    assert (found.of, found.alone, found.default, found.check) == (5, "on the program", False, SOLID)


def first_of_sequence(func: Any) -> Any:
    """Of statements in a sequence only the first is left."""
    for path, node in tree.walk(func.body):
        if tree.kind_of(node) == "SeqStmt":
            return tree.replace_at(func, path, node.seq[0])
    return func


def test_a_pass_that_needs_what_another_makes_of_the_program() -> None:
    name = "planted.first_of_sequence"
    register_pass(PassEntry(name), lambda: adapter.function_pass(first_of_sequence, name))
    made = function('A: T.Buffer((2,), "int32")', "for i in T.unroll(2):\n    A[i] = 1")
    try:
        found = passes_of(piped(case_of(made), SIMPLIFY, UNROLL, Step(name)))
    finally:
        unregister_pass(name)
    assert (found.guilty, found.prefix) == (name, (SIMPLIFY, UNROLL, Step(name)))
    assert found.alone == "on what the passes before it make of the program"


def test_native_code_is_blamed_on_the_pass_of_the_default_pipeline() -> None:
    found = bisected_at(replace(piped(case_of(REMAINDER), BUILD), recipe=TirRecipe((0,))))
    assert found.passes is not None
    assert (found.passes.guilty, found.passes.default) == ("tirx.LowerIntrin", True)
    assert (found.passes.prefix[-1].name, found.passes.check) == ("tirx.LowerIntrin", SOLID)
    assert "in the default pipeline" in answers(found)[0]


def test_native_code_that_no_pass_makes_wrong_and_the_setting_it_takes() -> None:
    c = Step("target", (("kind", "c"),))
    found = bisected_at(piped(case_of(HALF), c, Step("opt-level", (("value", 0),)), BUILD))
    assert found.passes is not None
    assert (found.passes.guilty, found.passes.prefix) == ("build:c", ())
    assert found.passes.check == SOLID
    assert found.settings is not None
    assert (found.settings.needed, found.settings.check) == ((c,), SOLID)
