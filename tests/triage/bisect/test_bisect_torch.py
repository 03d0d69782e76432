"""Faults planted in one part of torch's compiler are found in that part."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.api import Knob
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target
from tensorsmith.triage.bisect.api import bisected
from tensorsmith.triage.bisect.backends import climb
from tensorsmith.triage.bisect.result import Bisected, Check, Outcome, Run
from tensorsmith.triage.bisect.runs import OutOfTime, Runs
from tensorsmith.triage.bisect.settings import bisect_settings, needed_of
from tensorsmith.triage.bisect.text import answers, to_markdown
from tensorsmith.triage.bisect.torch_bisector import bisect_backend
from tests.planted.planted_inductor import PLANTS
from tests.triage.programs import chain, relu_mul

LIMITS = Limits(seconds=60.0)
SOLID = Check((2, 2), (2, 2))


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    find_target("inductor").warm()


def setting(name: str, value: object) -> Step:
    return Step(name, (("value", value),))  # type: ignore[arg-type]


def failing(case: TestCase) -> Verdict:
    verdict = judge_isolated(case, LIMITS)
    assert verdict.outcome == "fail", verdict
    return verdict


def runs_of(case: TestCase, seconds: float = 600.0) -> Runs:
    return Runs(failing(case), LIMITS, seconds)


def test_a_backend_of_ones_own_is_the_last_rung() -> None:
    found = climb(relu_mul(), runs_of(relu_mul()))
    assert [(run.name, run.outcome) for run in found.runs] == [
        ("eager", "passes"),
        ("aot_eager", "passes"),
        ("aot_eager_decomp_partition", "passes"),
        ("inductor", "passes"),
        ("torch:planted", "fails"),
    ]
    assert (found.guilty, found.check) == ("torch:planted", SOLID)


def test_another_failure_of_a_backend_is_not_the_one_that_is_looked_for() -> None:
    case = relu_mul(target="inductor")
    with PLANTS["pass"]():
        runs = runs_of(case)
    with PLANTS["raising-pass"]():
        assert runs.run("with another fault", case).outcome == "otherwise"
        found = climb(case, runs)
    assert (found.guilty, found.runs[-1].outcome) == ("", "otherwise")
    assert runs.run("without a fault", case).outcome == "passes"


def test_a_wrong_decomposition_is_found_below_inductor() -> None:
    case = chain("neg", "hardtanh", "sin", target="inductor")
    with PLANTS["decomposition"]():
        found = bisected(case, failing(case), LIMITS)
    assert found.backends is not None
    assert found.backends.guilty == "aot_eager_decomp_partition"
    part = found.subsystem
    assert part is not None
    assert (part.name, part.number, part.what, part.check) == ("decomposition", 0, "aten.hardtanh.default", SOLID)
    assert found.complete
    assert not found.flaky
    assert "`decomposition` of `aot_eager_decomp_partition`" in to_markdown(found)


@pytest.mark.slow
def test_a_wrong_pass_that_needs_a_setting() -> None:
    own = (setting("permute_fusion", True), setting("aggressive_fusion", True), setting("split_reductions", False))
    case = replace(relu_mul(target="inductor"), pipeline=Pipeline(own))
    told: list[Run] = []
    with PLANTS["aggressive"]():
        found = bisected(case, failing(case), LIMITS, on_run=told.append)
    assert found.backends is not None
    assert (found.backends.guilty, found.backends.check) == ("inductor", SOLID)
    part = found.subsystem
    assert part is not None
    assert (part.name, part.what, part.check) == ("post_grad_passes", "post_grad_custom_post_pass", SOLID)
    assert found.settings is not None
    assert (found.settings.needed, found.settings.check) == ((own[1],), SOLID)
    # Those of torch's bisector are told by another process.
    assert 0 < len(told) < found.runs
    assert any("it takes `aggressive_fusion=True` to fail" in line for line in answers(found))


@pytest.mark.slow
def test_a_wrong_lowering() -> None:
    case = chain("sin", "sigmoid", "neg", target="inductor")
    with PLANTS["lowering"]():
        runs = runs_of(case)
        found = bisect_backend(case, "inductor", runs)
    assert (found.name, found.number, found.what) == ("lowerings", 1, "sigmoid")
    assert (found.check, found.problem) == (SOLID, "")
    # What was run in the process of its own is known here.
    assert runs.log[-1].name == "TORCH_BISECT_MAX=0"


def test_an_answer_of_torchs_bisector_that_does_not_hold() -> None:
    # It is told that a backend fails in which nothing is planted.
    runs = runs_of(relu_mul())
    found = bisect_backend(relu_mul(target="eager"), "aot_eager_decomp_partition", runs)
    assert found.check is not None
    assert found.check.failed[0] == 1
    assert found.problem == "its answer does not hold when it is tried anew"


def test_what_none_of_the_parts_makes() -> None:
    backend = "aot_eager_decomp_partition"
    case = chain("neg", "sin", target=f"torch:{backend}")
    with PLANTS["beside-all-parts"]():
        runs = runs_of(case)
        found = bisect_backend(case, backend, runs)
    assert (found.name, found.problem) == ("", "none of the parts that torch can switch off makes a difference")
    assert [run.name for run in runs.log] == [f"without {backend}_cse", "without decomposition"]


def test_time_is_up_within_torchs_bisector() -> None:
    case = chain("neg", "hardtanh", "sin", target="torch:aot_eager_decomp_partition")
    with PLANTS["decomposition"]():
        runs = runs_of(case, seconds=0.0)
        with pytest.raises(OutOfTime):
            bisect_backend(case, "aot_eager_decomp_partition", runs)
        found = bisected(case, runs.verdict, LIMITS, deadline_seconds=0.0)
    assert (found.complete, found.backends, found.runs) == (False, None, 0)
    assert found.notes == ("time was up: there may be more to find out",)


def test_what_was_at_work_when_time_was_up_is_told() -> None:
    found = Bisected("id", "inductor", "wrong", complete=False, unfinished=(Run("a=1", "fails"), Run("b=2", "passes")))
    assert answers(found) == ["Not tried again: of the last 2 runs these passed: b=2."]


def test_the_setting_with_which_it_passes() -> None:
    case = relu_mul(target="inductor")
    knobs = [Knob("split_reductions", (False,)), Knob("epilogue_fusion", (False,))]
    with PLANTS["fused"]():
        runs = runs_of(case)

        def attempt(name: str, steps: tuple[Step, ...]) -> Outcome:
            return runs.run(name, replace(case, pipeline=Pipeline(steps))).outcome

        found = bisect_settings((), knobs, attempt)
    assert [(cure.step.name, cure.check) for cure in found.cures] == [("epilogue_fusion", SOLID)]
    assert found.tried == 2


@pytest.mark.parametrize(
    ("fails", "expected"),
    [
        (lambda names: {"a", "c"} <= names, {"a", "c"}),
        (lambda names: "b" in names, {"b"}),
        (lambda names: True, set()),
        (lambda names: len(names) > 2, {"b", "c", "d"}),
    ],
)
def test_a_minimal_set_of_settings(fails: Callable[[set[str]], bool], expected: set[str]) -> None:
    def attempt(name: str, steps: tuple[Step, ...]) -> Outcome:
        return "fails" if fails({step.name for step in steps}) else "passes"

    needed = needed_of(tuple(Step(name) for name in "abcd"), attempt)
    assert {step.name for step in needed} == expected


def test_an_answer_that_does_not_hold_is_called_flaky() -> None:
    # By default; with it again, and three times more; by default again.
    outcomes: list[Outcome] = ["passes", "passes", "fails", "fails", "passes", "passes"]
    found = bisect_settings((setting("a", 1),), (), lambda name, steps: outcomes.pop(0))
    assert found.check == Check((3, 5), (2, 2))
    assert not found.check.holds
    assert "FLAKY" in answers(Bisected("id", "inductor", "wrong", settings=found))[0]
