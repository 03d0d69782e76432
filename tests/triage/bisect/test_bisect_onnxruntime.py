"""Of ONNX Runtime the bisection tells the lowest level that fails, and the optimizers of that level."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

from tensorsmith.ir.graph import Ref, tensor_type
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.onnxruntime.knobs import BASIC, EXTENDED, LEVEL
from tensorsmith.targets.registry import find_target
from tensorsmith.triage.bisect.api import bisected
from tensorsmith.triage.bisect.onnxruntime import fewest_off
from tensorsmith.triage.bisect.result import Bisected, Check, Settings
from tensorsmith.triage.bisect.text import answers, to_markdown
from tests.oracles.programs import case_of
from tests.triage.onnxruntime_faults import LIMITS, export_once, failing, plant, pooled

SOLID = Check((2, 2), (2, 2))


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    find_target("onnxruntime").warm()


def relu(*steps: Step) -> TestCase:
    case = case_of([tensor_type("f32", (2,))], [("aten.relu.default", (Ref(0),))])
    return replace(case, target="onnxruntime", pipeline=Pipeline(steps))


def setting(name: str, value: str | bool) -> Step:
    return Step(name, (("value", value),))


def found_of(case: TestCase, monkeypatch: pytest.MonkeyPatch) -> Bisected:
    export_once(monkeypatch, case)
    found = bisected(case, failing(case), LIMITS)
    assert (found.complete, found.flaky, found.notes) == (True, False, ())
    return found


def test_a_rule_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_of(pooled(), monkeypatch)
    assert found.levels is not None
    assert [(run.name, run.outcome) for run in found.levels.runs] == [("disable_all", "passes"), ("basic", "fails")]
    assert (found.levels.guilty, found.levels.off) == ("basic", ("Pad_Fusion",))
    assert (found.levels.check, found.levels.off_check) == (SOLID, SOLID)
    assert answers(found) == [
        "Level: `basic` is the lowest that fails; `disable_all` passes. (Fails 2 of 2, passes 2 of 2.)",
        "Optimizer: at that level it passes without `Pad_Fusion`. (Fails 2 of 2, passes 2 of 2.)",
    ]
    assert "| `basic` | fails: wrong-result values |" in to_markdown(found)


def test_without_optimization_it_fails_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, (), "disable_all")
    found = found_of(relu(), monkeypatch)
    assert found.levels is not None
    assert (found.levels.guilty, found.levels.tried, found.levels.off) == ("disable_all", 0, ())
    assert answers(found)[0].startswith("Level: it fails at `disable_all` already")


def test_a_level_that_no_optimizer_explains(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, (), "extended")
    levels = found_of(relu(), monkeypatch).levels
    assert levels is not None
    assert (levels.guilty, levels.tried, levels.off) == ("extended", len(EXTENDED), ())


def test_the_test_cases_own_settings_are_kept_if_it_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, ("ConstantFolding",), "basic")
    plain = found_of(relu(setting("NoopElimination", False), setting(LEVEL, "extended")), monkeypatch)
    assert plain.settings == Settings()
    assert plain.levels is not None
    assert (plain.levels.guilty, plain.levels.off) == ("basic", ("ConstantFolding",))


@pytest.mark.parametrize(
    "guilty", [("ConstantFolding",), ("EliminateIdentity",), ("EliminateSlice", "TransposeOptimizer"), BASIC[3:6]]
)
def test_the_fewest_that_must_be_off(guilty: Sequence[str]) -> None:
    calls: list[int] = []

    def passes(off: Sequence[str]) -> bool:
        calls.append(len(off))
        return set(guilty) <= set(off)

    assert set(fewest_off(BASIC, passes)) == set(guilty)
    assert len(calls) <= (12 if len(guilty) == 1 else 3 + len(BASIC))


def test_none_need_be_off_where_that_does_not_help() -> None:
    assert fewest_off(BASIC, lambda off: False) == ()
    assert fewest_off((), lambda off: True) == ()
