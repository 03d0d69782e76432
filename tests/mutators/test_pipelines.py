"""Mutators of pipelines."""

import random

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.cross_knobs import cross_knobs
from tensorsmith.mutators.pipelines import knobs_of, random_pipeline, share_compiler_flags, with_steps
from tensorsmith.mutators.reset_knob import reset_knob
from tensorsmith.mutators.set_knob import set_knob
from tests.mutators.programs import case_of

NEG = """
inputs:
  %0: f32[3]
nodes:
  %1: f32[3] = aten.neg.default(%0)
outputs: %1
"""


def with_knobs(**values: bool | int) -> TestCase:
    steps = [Step(name.replace("__", "."), (("value", value),)) for name, value in values.items()]
    return with_steps(case_of(NEG), steps)


def names(case: TestCase) -> list[str]:
    return [step.name for step in case.pipeline.steps]


def test_set_knob_sets_one_more_or_changes_one() -> None:
    case = case_of(NEG)
    known = {knob.name: knob.values for knob in knobs_of("inductor")}
    for seed in range(60):
        grown = set_knob(case, case, random.Random(seed))
        assert grown is not None
        old = {step.name: step for step in case.pipeline.steps}
        changed = [step for step in grown.pipeline.steps if old.get(step.name) != step]
        assert len(changed) == 1
        assert changed[0].parameter("value") in known[changed[0].name]
        assert names(grown) == sorted(set(names(grown)))
        case = grown


def test_set_knob_has_nothing_to_do_for_a_target_without_knobs() -> None:
    case = case_of(NEG, target="eager")
    assert set_knob(case, case, random.Random(0)) is None
    assert random_pipeline(case, random.Random(0)) == case


def test_reset_knob_drops_one() -> None:
    case = with_knobs(freezing=True, max_fusion_size=1)
    dropped = {
        tuple(names(mutant))
        for seed in range(20)
        if (mutant := reset_knob(case, case, random.Random(seed))) is not None
    }
    assert dropped == {("freezing",), ("max_fusion_size",)}
    assert reset_knob(case_of(NEG), case, random.Random(0)) is None


def test_cross_knobs_takes_one_end_from_each_parent() -> None:
    first = with_knobs(aggressive_fusion=True, memory_planning=True)
    second = with_knobs(freezing=True, use_dce=False)
    children = {
        tuple(names(child))
        for seed in range(60)
        if (child := cross_knobs(first, second, random.Random(seed))) is not None
    }
    assert ("aggressive_fusion", "freezing", "use_dce") in children
    assert ("freezing", "memory_planning") in children
    assert ("aggressive_fusion", "memory_planning") not in children
    assert ("freezing", "use_dce") not in children


def test_cross_knobs_takes_only_knobs_that_the_target_has() -> None:
    first = with_knobs(freezing=True)
    other = with_steps(case_of(NEG, target="torch:other"), [Step("of.another.target", (("value", 1),))])
    assert cross_knobs(first, other, random.Random(0)) is None or "of.another.target" not in names(first)
    for seed in range(20):
        child = cross_knobs(first, other, random.Random(seed))
        assert child is None or names(child) in ([], ["freezing"])


def test_random_pipelines_differ_and_are_small() -> None:
    made = [random_pipeline(case_of(NEG), random.Random(seed)) for seed in range(60)]
    assert {len(case.pipeline.steps) for case in made} == {1, 2, 3, 4, 5}
    assert len({case.pipeline for case in made}) > 40


def test_shared_compiler_flags_leave_two_sets_of_flags_at_most() -> None:
    cases = [
        with_knobs(freezing=True),
        with_knobs(cpp__simdlen=1, freezing=True),
        with_knobs(cpp__simdlen=256),
        with_knobs(cpp__no_redundant_loops=False, use_dce=False),
        case_of(NEG),
    ]
    for seed in range(10):
        shared = share_compiler_flags(cases, random.Random(seed))
        flags = [tuple(s for s in case.pipeline.steps if s.name.startswith("cpp.")) for case in shared]
        assert flags[0] == flags[4] == ()
        assert len(set(flags[1:4])) == 1
        assert flags[1]
        others = [[name for name in names(case) if not name.startswith("cpp.")] for case in shared]
        assert others == [["freezing"], ["freezing"], [], ["use_dce"], []]
    assert share_compiler_flags([], random.Random(0)) == []
    assert share_compiler_flags([cases[0]], random.Random(0)) == [cases[0]]


def test_of_two_steps_for_a_knob_the_later_counts() -> None:
    steps = [Step("b", (("value", 1),)), Step("a"), Step("b", (("value", 2),))]
    assert with_steps(case_of(NEG), steps).pipeline == Pipeline((Step("a"), Step("b", (("value", 2),))))
