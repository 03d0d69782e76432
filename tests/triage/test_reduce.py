"""Reduction as a whole: it ends in the smallest program, keeps to its failure, and stops when it is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.check import type_check
from tensorsmith.ir.graph import Ref, TensorType
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.recipe import Literals
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge, judge_isolated
from tensorsmith.oracles.verdict import Verdict, invalid, passed
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.rebuild import without_nodes
from tensorsmith.triage.reduce import reduce_case
from tensorsmith.triage.search import Progress
from tests.triage.programs import case_of, chain, random_program


def wrong() -> Verdict:
    return Verdict("fail", "differential", kind="wrong-result", channel="values")


def contains(*ops: str) -> Callable[[TestCase], Verdict]:
    """A judge for which a program fails if its operators include these, in order."""

    def judged(case: TestCase) -> Verdict:
        found = iter(case.graph.operators())
        return wrong() if all(any(op in f for f in found) for op in ops) else passed("differential")

    return judged


def test_a_real_miscompilation_is_reduced_to_its_two_operators() -> None:
    case = random_program(0, 25)
    verdict = judge(case)
    assert verdict.channel == "values"
    reduced = reduce_case(case, verdict, judge, 120)
    assert reduced.case.graph.operators() == ("aten.relu.default", "aten.mul.Tensor")
    assert reduced.minimal
    assert reduced.calls < 60
    assert judge(reduced.case).channel == "values"
    assert all(item.type.numel == 1 for item in reduced.case.graph.inputs)
    assert all(isinstance(values, Literals) for values in reduced.case.recipe.inputs)
    for position in range(2):
        assert judge(without_nodes(reduced.case, {position})).outcome != "fail"


def test_another_failure_is_kept_apart_and_never_followed() -> None:
    """Bypassing abs puts tanh right after sigmoid, which the planted backend cannot compile."""
    builder = GraphBuilder()
    x, y = builder.input(TensorType("f32", (4, 4))), builder.input(TensorType("f32", (4, 4)))
    (a,) = builder.call("aten.relu.default", (Ref(x),))
    (b,) = builder.call("aten.mul.Tensor", (Ref(a), Ref(y)))
    (c,) = builder.call("aten.sigmoid.default", (Ref(b),))
    (d,) = builder.call("aten.abs.default", (Ref(c),))
    (e,) = builder.call("aten.tanh.default", (Ref(d),))
    case = case_of(builder.build([b, e]))
    verdict = judge(case)
    assert verdict.kind == "wrong-result"
    seen: list[Verdict] = []

    def watch(candidate: TestCase) -> Verdict:
        if "aten.tanh.default" not in candidate.graph.operators():
            return invalid("differential", "kept-out", "so that the reduction meets the other failure")
        found = judge(candidate)
        seen.append(found)
        return found

    reduced = reduce_case(case, verdict, watch, 120)
    assert any(v.kind == "error" for v in seen)
    assert reduced.verdict.kind == "wrong-result"
    assert [v.kind for _, v in reduced.slipped] == ["error"]
    slipped_case, slipped = reduced.slipped[0]
    assert "planted: cannot lower" in slipped.message
    assert judge(slipped_case).kind == "error"


def test_an_error_is_reduced_to_what_raises_it() -> None:
    builder = GraphBuilder()
    value = builder.input(TensorType("f32", (4, 8)))
    for op in ("sin", "cos", "sigmoid", "tanh", "abs", "sin"):
        (value,) = builder.call(f"aten.{op}.default", (Ref(value),))
    case = case_of(builder.build([value]))
    verdict = judge(case)
    assert verdict.kind == "error"
    reduced = reduce_case(case, verdict, judge, 120)
    assert reduced.case.graph.operators() == ("aten.sigmoid.default", "aten.tanh.default")


def test_a_lost_write_to_an_input_is_reduced_to_the_writes() -> None:
    builder = GraphBuilder()
    x, y = builder.input(TensorType("f32", (4, 8))), builder.input(TensorType("f32", (4, 8)))
    (a,) = builder.call("aten.sin.default", (Ref(y),))
    (b,) = builder.call("aten.mul_.Tensor", (Ref(x), Ref(a)))
    (c,) = builder.call("aten.relu_.default", (Ref(b),))
    builder.call("aten.add_.Tensor", (Ref(c), 1))
    (e,) = builder.call("aten.cos.default", (Ref(a),))
    (f,) = builder.call("aten.abs.default", (Ref(y),))
    case = case_of(builder.build([e, f]))
    verdict = judge(case)
    assert verdict.channel == "mutation"
    reduced = reduce_case(case, verdict, judge, 120)
    assert reduced.verdict.channel == "mutation"
    assert reduced.case.graph.operators() == ("aten.relu_.default", "aten.add_.Tensor")


def test_a_crash_is_reduced_in_processes_that_may_die() -> None:
    limits = Limits(seconds=30.0)
    case = chain("sin", "neg", "exp", "abs")
    verdict = judge_isolated(case, limits)
    assert verdict.kind == "crash"
    reduced = reduce_case(case, verdict, lambda candidate: judge_isolated(candidate, limits), 120)
    assert reduced.case.graph.operators() == ("aten.neg.default", "aten.exp.default")
    assert "SIGSEGV" in reduced.verdict.message


@pytest.mark.parametrize(
    ("seed", "ops"), [(1, ("relu", "mul")), (2, ("relu",)), (3, ("mul",)), (4, ("relu", "mul")), (5, ("mul",))]
)
def test_every_candidate_is_well_typed_and_the_rest_goes(seed: int, ops: tuple[str, ...]) -> None:
    case = random_program(seed, 40)
    inner = contains(*ops)

    def checked(candidate: TestCase) -> Verdict:
        type_check(candidate.graph)
        assert len(candidate.recipe.inputs) == len(candidate.graph.inputs)
        return inner(candidate)

    reduced = reduce_case(case, wrong(), checked, 120)
    assert len(reduced.case.graph.nodes) == len(ops)
    assert reduced.calls < 80


def test_steps_of_the_pipeline_go_except_the_guilty_one() -> None:
    steps = tuple(Step(name, (("value", True),)) for name in "abcd")
    case = case_of(random_program(0, 5).graph, pipeline=Pipeline(steps))

    def judged(candidate: TestCase) -> Verdict:
        return wrong() if Step("c", (("value", True),)) in candidate.pipeline.steps else passed("differential")

    reduced = reduce_case(case, wrong(), judged, 60)
    assert [step.name for step in reduced.case.pipeline.steps] == ["c"]


def test_simplifications_that_all_work_take_one_run() -> None:
    steps = tuple(Step(name, (("value", True),)) for name in "abcd")
    case = case_of(chain("sin", shape=(4, 8)).graph, pipeline=Pipeline(steps))
    seen: list[Progress] = []
    reduced = reduce_case(case, wrong(), contains("sin"), 60, seen.append)
    assert [progress.reduction for progress in seen if progress.reduction != "bypass"] == ["all simplifications"]
    assert reduced.case.pipeline.steps == ()
    assert [item.type.shape for item in reduced.case.graph.inputs] == [(1, 1)]
    assert all(isinstance(values, Literals) for values in reduced.case.recipe.inputs)


def test_simplifications_that_do_not_work_together_are_made_one_by_one() -> None:
    steps = tuple(Step(name, (("value", True),)) for name in "abcd")
    case = case_of(chain("sin", shape=(4, 8)).graph, pipeline=Pipeline(steps))

    def judged(candidate: TestCase) -> Verdict:
        fails = "c" in [step.name for step in candidate.pipeline.steps] and candidate.graph.inputs[0].type.shape[1] > 2
        return wrong() if fails else passed("differential")

    reduced = reduce_case(case, wrong(), judged, 60)
    assert [step.name for step in reduced.case.pipeline.steps] == ["c"]
    assert [item.type.shape for item in reduced.case.graph.inputs] == [(1, 3)]
    assert reduced.minimal


def test_the_deadline_and_an_interrupt_give_the_best_so_far() -> None:
    case = random_program(0, 25)
    judged = contains("relu", "mul")
    late = reduce_case(case, wrong(), judged, 0.0)
    assert (late.case, late.calls, late.minimal) == (case, 0, False)

    calls: list[TestCase] = []

    def interrupted(candidate: TestCase) -> Verdict:
        calls.append(candidate)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return judged(candidate)

    stopped = reduce_case(case, wrong(), interrupted, 60)
    assert not stopped.minimal
    assert judged(stopped.case).outcome == "fail"
    assert len(stopped.case.graph.nodes) < 25


def test_progress_counts_calls_and_no_candidate_is_judged_twice() -> None:
    case = random_program(3, 20)
    judged = contains("relu", "mul")
    seen: list[str] = []
    told: list[Progress] = []

    def noted(candidate: TestCase) -> Verdict:
        seen.append(candidate.id)
        return judged(candidate)

    reduced = reduce_case(case, wrong(), noted, 60, told.append)
    assert [p.calls for p in told] == list(range(1, reduced.calls + 1))
    assert told[-1].operators == 2
    assert len(seen) == len(set(seen)) == reduced.calls


def test_what_does_not_fail_is_not_reduced() -> None:
    with pytest.raises(ValueError, match="nothing to reduce"):
        reduce_case(random_program(0, 5), passed("differential"), judge, 1)
