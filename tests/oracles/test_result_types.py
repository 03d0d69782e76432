"""What meta kernels promise against what eager gives: where torch 2.13 has the two disagree, and where they agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.in_use import entry_in_use, keep_disagreements
from tensorsmith.ir.graph import Arg, Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge
from tensorsmith.targets.isolation import Limits, run_isolated
from tensorsmith.triage.confirm import run_repro
from tensorsmith.triage.repro import repro_script

TURNED = TensorType("f32", (17, 2), (1, 17))
DISAGREE: dict[str, tuple[str, list[TensorType], tuple[Arg, ...], str]] = {
    "shape": ("aten.nansum.default", [TensorType("f32", (3, 4))], (Ref(0), (), True), "[1, 1] expected, got [3, 4]"),
    "dtype": (
        "aten.huber_loss.default",
        [TensorType("f16", (4,)), TensorType("f32", (4,))],
        (Ref(0), Ref(1)),
        "torch.float16 expected, got torch.float32",
    ),
    "strides": ("aten.log_sigmoid.default", [TURNED], (Ref(0),), "[2, 1] expected, got [1, 17]"),
    "": (
        "aten.native_channel_shuffle.default",
        [TensorType("f32", (2, 3, 3, 3), (486, 162, 18, 3))],
        (Ref(0), 3),
        "Cannot view",
    ),
}


def case_of(op: str, types: list[TensorType], args: tuple[Arg, ...]) -> TestCase:
    """One call, as eager types it."""
    builder = EagerBuilder()
    for type_ in types:
        builder.input(type_)
    results = builder.call(op, args)
    values = tuple(Drawn("normal", place) for place, _ in enumerate(types))
    return TestCase(builder.build(results), InputRecipe(values), "meta")


@pytest.mark.parametrize("channel", DISAGREE)
def test_a_disagreement_is_a_failure(channel: str) -> None:
    op, types, args, message = DISAGREE[channel]
    verdict = judge(case_of(op, types, args))
    assert (verdict.outcome, verdict.oracle) == ("fail", "types")
    assert (verdict.kind, verdict.channel) == ("wrong-result" if channel else "error", channel)
    assert message in verdict.message


@pytest.mark.parametrize("channel", ["strides", ""])
def test_its_script_shows_it(channel: str, tmp_path: Path) -> None:
    op, types, args, _ = DISAGREE[channel]
    case = case_of(op, types, args)
    script = tmp_path / "repro.py"
    script.write_text(repro_script(case, judge(case)))
    assert run_repro(script, 120)


@pytest.mark.parametrize(
    ("op", "types", "args"),
    [
        ("aten.mul.Tensor", [TURNED, TensorType("i8", (2,))], (Ref(0), Ref(1))),
        ("aten.sum.dim_IntList", [TensorType("bool", (0, 3))], (Ref(0), (0,), True)),
        ("aten.add_.Tensor", [TURNED, TensorType("f64", ())], (Ref(0), Ref(1))),
        # Of an expanded dimension, and of one with a single element, any stride will do.
        ("aten.clone.default", [TensorType("f32", (3, 1, 4), (4, 7, 1))], (Ref(0),)),
    ],
)
def test_agreement_passes(op: str, types: list[TensorType], args: tuple[Arg, ...]) -> None:
    assert judge(case_of(op, types, args)).outcome == "pass"


def test_what_depends_on_values_is_a_limitation() -> None:
    assert judge(case_of("aten.cov.default", [TensorType("f32", (3, 4))], (Ref(0),))).outcome == "limitation"


def test_programs_are_made_of_such_calls_where_they_are_what_is_looked_for() -> None:
    def kept() -> bytes:
        keep_disagreements()
        return b"no" if entry_in_use("aten.nansum.default").meta_differs else b"yes"

    assert entry_in_use("aten.nansum.default").meta_differs
    assert run_isolated(kept, Limits(seconds=60)).payload == b"yes"  # type: ignore[union-attr]
