"""What a slot says is made: of targets with passes, mutants of the program or of the pipeline."""

from __future__ import annotations

import msgspec
import pytest

from tensorsmith.fuzz.make import make_test
from tensorsmith.fuzz.messages import Slot
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.targets.tvm.passes.order import order_problem
from tests.triage.programs import chain


@pytest.mark.parametrize("target", ["tvm-relax", "tvm-relax-import"])
def test_passes_of_relax_are_mutated_where_the_slot_says_so_and_only_there(target: str) -> None:
    pytest.importorskip("tvm")
    passes = ("relax.LegalizeOps", "relax.AnnotateTIROpPattern", "relax.FuseOps", "relax.FuseTIR")
    pipeline = Pipeline(tuple(Step(name) for name in passes))
    parent = msgspec.structs.replace(chain("sin", "cos"), target=target, pipeline=pipeline)
    for seed in range(20):
        mutant, origin = make_test(Slot(seed, parent, parent, "pipeline"), target, "cpu", 4, {})
        assert isinstance(mutant, TestCase)
        assert (mutant.graph, mutant.recipe) == (parent.graph, parent.recipe)
        assert mutant.pipeline != parent.pipeline
        assert order_problem(mutant.pipeline) is None
        assert set(origin.mutators) == {"change-passes"}
        changed, origin = make_test(Slot(seed, parent, parent, "program"), target, "cpu", 4, {})
        assert changed.pipeline == parent.pipeline
        assert changed != parent


def test_both_the_program_and_its_pipeline_are_mutated_where_the_slot_says_so() -> None:
    parent = chain("sin", target="inductor")
    changed = set()
    for seed in range(8):
        mutant, origin = make_test(Slot(seed, parent, parent, "both"), "inductor", "cpu", 4, {})
        assert isinstance(mutant, TestCase)
        assert origin.part == "both"
        changed.add(((mutant.graph, mutant.recipe) != (parent.graph, parent.recipe), bool(mutant.pipeline.steps)))
    assert (True, True) in changed


def test_of_tir_what_the_slot_says_is_mutated() -> None:
    pytest.importorskip("tvm")
    parent, _ = make_test(Slot(10), "tvm-tir", "cpu", 8, {})
    assert isinstance(parent, TirCase)
    changed = set()
    for seed in range(12):
        for part in ("program", "pipeline", "both"):
            mutant, origin = make_test(Slot(seed, parent, parent, part), "tvm-tir", "cpu", 8, {})
            assert isinstance(mutant, TirCase)
            assert origin.part == part
            changed.add((part, mutant.program != parent.program, mutant.pipeline != parent.pipeline))
    assert changed == {("program", True, False), ("pipeline", False, True), ("both", True, True)}


def test_knobs_are_what_is_mutated_of_other_pipelines() -> None:
    parent = chain("sin", target="inductor")
    for seed in range(8):
        mutant, _ = make_test(Slot(seed, parent, parent, "pipeline"), "inductor", "cpu", 4, {})
        assert mutant.pipeline.steps
        changed, _ = make_test(Slot(seed, parent, parent, "program"), "inductor", "cpu", 4, {})
        assert changed.pipeline == parent.pipeline


def test_programs_are_mutated_of_targets_without_pipelines() -> None:
    parent = chain("sin", target="eager")
    mutant, _ = make_test(Slot(0, parent, parent, "pipeline"), "eager", "cpu", 4, {})
    assert mutant != parent
