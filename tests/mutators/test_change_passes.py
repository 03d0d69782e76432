"""Passes of Relax change by the mutators of pipelines, and nothing else of the test case does."""

from __future__ import annotations

import random

import msgspec
import pytest

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.mutators.change_passes import change_passes
from tensorsmith.targets.tvm.passes.order import order_problem
from tests.triage.programs import chain

pytest.importorskip("tvm")


def test_the_mutant_has_other_passes_in_a_legal_order() -> None:
    steps = (Step("relax.FoldConstant"), Step("relax.CanonicalizeBindings"))
    case = msgspec.structs.replace(chain("sin"), target="tvm-relax", pipeline=Pipeline(steps))
    made = [change_passes(case, case, random.Random(seed)) for seed in range(30)]
    found = [mutant for mutant in made if mutant is not None]
    assert len(found) >= 25
    for mutant in found:
        assert mutant.pipeline != case.pipeline
        assert msgspec.structs.replace(mutant, pipeline=case.pipeline) == case
        assert order_problem(mutant.pipeline) is None


def test_a_target_with_knobs_has_none() -> None:
    case = chain("sin")
    assert change_passes(case, case, random.Random(0)) is None
