"""Confirmation, replay and the report of a finding."""

from __future__ import annotations

import shutil

import pytest

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.recipe import InputRecipe, Literals
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.confirm import confirm
from tensorsmith.triage.entry_points import entry
from tensorsmith.triage.facts import Facts, Variant
from tensorsmith.triage.replay import replay_case
from tensorsmith.triage.report import report, title
from tensorsmith.triage.repro import repro_script
from tensorsmith.triage.signature import signature
from tests.triage.programs import case_of, chain, relu_mul

LIMITS = Limits(seconds=30.0)


def test_a_failure_that_shows_again_is_confirmed_by_two_runs() -> None:
    case = relu_mul()
    verdict = judge(case)
    assert confirm(case, verdict, LIMITS) == (2, 2)


def test_a_failure_of_another_kind_confirms_nothing() -> None:
    other = Verdict("fail", "differential", kind="wrong-result", channel="shape")
    assert confirm(relu_mul(), other, LIMITS) == (0, 4)


def test_replay_tells_failing_changed_fixed_and_invalid_apart() -> None:
    case = relu_mul()
    expected = signature(case, judge(case))
    assert replay_case(case, expected, LIMITS).outcome == "failing"
    assert replay_case(case, None, LIMITS).outcome == "failing"
    assert replay_case(chain("sigmoid", "tanh"), expected, LIMITS).outcome == "changed"
    fixed = replay_case(relu_mul(target="torch:eager"), expected, LIMITS)
    assert (fixed.outcome, fixed.verdict.outcome) == ("fixed", "pass")
    nan = TestCase(case.graph, InputRecipe((Literals(("nan",) * 6),) * 2), case.target)
    assert replay_case(nan, expected, LIMITS).outcome == "invalid"


def test_the_report_has_what_a_maintainer_asks_for() -> None:
    base = relu_mul(target="aot_eager")
    case = case_of(base.graph, "aot_eager", Pipeline((Step("dynamic", (("value", True),)),)))
    verdict = Verdict(
        "fail", "differential", kind="wrong-result", channel="values", message="output 0: 6 of 6 elements differ",
        evidence=(("expected", "[1.0]"), ("actual", "[2.0]"), ("float64", "1.0")),
    )  # fmt: skip
    facts = Facts(
        (Variant('torch.compile(fn, backend="eager")', "pass"),), "far off", "PyTorch version: 2", ("it",), "by X"
    )
    text = report(case, verdict, (2, 3), repro_script(case, verdict), facts)
    assert text.startswith("# [aot_eager] wrong result: relu.default, mul.Tensor\n")
    for piece in (
        "output 0: 6 of 6 elements differ",
        "2 of 3 fresh processes: it is flaky",
        "fuzzer",
        "`aten.relu.default`, `aten.mul.Tensor`",
        "def fn(x0, x1):",
        'torch.compile(fn, backend="aot_eager", dynamic=True, fullgraph=True)',
        "float64:\n\n```\n1.0\n```",
        "`dynamic`: value=True",
        '| `torch.compile(fn, backend="eager")` | pass |',
        "## Against float64\n\nfar off",
        "## Bisection\n\nby X",
        "## Perhaps the same\n\n- it",
        "```\nPyTorch version: 2\n```\n\n</details>",
        "default tolerances",
        "- topic: fuzzer",
        "- torch: ",
        "- Python: 3.",
    ):
        assert piece in text, piece
    assert ("C++ compiler: g++" in text) == (shutil.which("g++") is not None)


def test_titles_say_what_is_wrong() -> None:
    error = Verdict("fail", "differential", kind="error", exception="E", message="bad")
    assert title(chain("sin"), error) == "[torch:planted] raises on a program that eager runs: sin.default"


def test_inductor_is_entered_with_the_settings_of_the_pipeline() -> None:
    steps = (Step("dynamic", (("value", True),)), Step("cpp.simdlen", (("value", 8),)))
    way_in = entry(case_of(chain("sin").graph, "inductor", Pipeline(steps)))
    assert way_in.compile == "torch.compile(fn, dynamic=True, fullgraph=True)"
    assert way_in.context == 'torch._inductor.config.patch({"cpp.simdlen": 8})'


def test_an_unknown_target_has_no_script() -> None:
    with pytest.raises(InvalidInputError, match="unknown target"):
        entry(chain("sin", target="nobody"))
