"""Of Relax the bisection tells the pass that triage blames."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

pytest.importorskip("tvm")

from tensorsmith.ir.graph import Ref, tensor_type
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes.catalog import register_pass, unregister_pass
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.triage.bisect.api import bisected
from tensorsmith.triage.bisect.result import Passes
from tensorsmith.triage.bisect.text import answers
from tests.oracles.programs import case_of, literal
from tests.planted.planted_relax_passes import subtract_instead

LIMITS = Limits(seconds=60.0)
WRONG = "planted.Subtract"


def test_the_pass_of_relax() -> None:
    find_target("tvm-relax").warm()
    case = case_of([tensor_type("f32", (4,))], [("aten.add.Tensor", (Ref(0), Ref(0)))], [literal(3.0, 1.0, 2.0, 5.0)])
    steps = (Step("relax.Normalize"), Step(WRONG), Step("relax.CanonicalizeBindings"))
    case = replace(case, target="tvm-relax", pipeline=Pipeline(steps))
    make = adapter.tvm().root.transform.module_pass(subtract_instead, opt_level=0, name="Subtract")
    register_pass(PassEntry(WRONG, "relax"), lambda: make)
    try:
        found = bisected(case, judge_isolated(case, LIMITS), LIMITS)
    finally:
        unregister_pass(WRONG)
    assert found.passes == Passes(WRONG)
    assert (found.complete, found.notes, answers(found)) == (True, (), [f"Pass: `{WRONG}`."])
