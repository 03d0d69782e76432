"""The guilty pass of a failure in Relax is named, wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.graph import Ref, tensor_type
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.recipe import InputRecipe, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import find_target
from tensorsmith.targets.tvm.passes.catalog import register_pass, unregister_pass
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.triage.relax.blame import blamed
from tensorsmith.triage.signature import NAN_ALGEBRA, signature, signature_when_judged
from tests.oracles.programs import Call, case_of, literal
from tests.planted.planted_relax_passes import die, fail, subtract_instead

tvm = pytest.importorskip("tvm")

LIMITS = Limits(seconds=60.0)
PLANTED = "planted.Relax"


def program(*calls: Call, target: str = "tvm-relax", dtype: DType = "f32", values: Values | None = None) -> TestCase:
    given = values or literal(3.0, 1.0, 2.0, 5.0)
    case = case_of([tensor_type(dtype, (4,))], list(calls), [given])
    return msgspec.structs.replace(case, target=target)


ADD: Call = ("aten.add.Tensor", (Ref(0), Ref(0)))
NEGATE: Call = ("aten.neg.default", (Ref(1),))
NEGATE_TRUTH: Call = ("aten.logical_not.default", (Ref(1),))


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    for target in ("tvm-relax", "tvm-relax-import"):
        find_target(target).warm()


@pytest.fixture
def planted() -> Iterator[Callable[[Callable[[Any, object], Any]], Step]]:
    def plant(change: Callable[[Any, object], Any]) -> Step:
        make = tvm.transform.module_pass(change, opt_level=0, name="Planted")
        register_pass(PassEntry(PLANTED, "relax"), lambda: make)
        return Step(PLANTED)

    yield plant
    unregister_pass(PLANTED)


def failing(case: TestCase, kind: str) -> Verdict:
    verdict = judge_isolated(case, LIMITS)
    assert (verdict.outcome, verdict.kind) == ("fail", kind), verdict
    return verdict


@pytest.mark.parametrize(("change", "kind"), [(subtract_instead, "wrong-result"), (fail, "error"), (die, "crash")])
def test_the_pass_of_a_pipeline_is_named(
    change: Callable[[Any, object], Any],
    kind: str,
    planted: Callable[[Callable[[Any, object], Any]], Step],
) -> None:
    steps = (Step("relax.Normalize"), planted(change), Step("relax.CanonicalizeBindings"))
    case = msgspec.structs.replace(program(ADD, NEGATE), pipeline=Pipeline(steps))
    assert blamed(case, failing(case, kind), LIMITS).guilty == PLANTED


def test_a_pass_of_the_default_pipeline_is_named() -> None:
    # TVM 0.27 brings in a function that takes bfloat16 for another dtype.
    case = program(("aten.sort.default", (Ref(0),)), dtype="bf16")
    assert blamed(case, failing(case, "wrong-result"), LIMITS).guilty == "relax.LegalizeOps"


def test_what_is_below_relax_is_no_fault_of_its_passes() -> None:
    # TVM 0.27 compiles `x != 0` so that NaN is not unequal.
    case = program(("aten.ne.Scalar", (Ref(0), 0.0)), values=literal(1.0, 0.0, "nan", 2.0))
    piped = msgspec.structs.replace(case, pipeline=Pipeline((Step("relax.FoldConstant"),)))
    verdict = blamed(piped, failing(piped, "wrong-result"), LIMITS)
    assert verdict.guilty == "build" + NAN_ALGEBRA
    other = program(("aten.ne.Scalar", (Ref(0), 0.0)), NEGATE_TRUTH, values=literal(1.0, 0.0, "nan", 2.0))
    again = blamed(other, failing(other, "wrong-result"), LIMITS)
    assert signature(piped, verdict) == signature(other, again)


def test_the_importer_is_named_with_its_function() -> None:
    # TVM 0.27 forgets the factor; ours does not.
    case = program(("aten.rsub.Scalar", (Ref(0), 0.0, 2.0)), target="tvm-relax-import")
    verdict = blamed(case, failing(case, "wrong-result"), LIMITS)
    assert verdict.guilty == "from_exported_program"
    found = signature(case, verdict)
    assert found.operators == ()
    assert len(found.frames) == 1
    assert "_binary_op" in found.frames[0]
    # A replay does not find out what is guilty.
    plain = judge_isolated(case, LIMITS)
    assert signature_when_judged(case, verdict) == signature(case, plain)


def test_what_one_function_of_the_importer_raises_is_one_finding() -> None:
    found = set()
    # TVM 0.27 takes the result of a division for an integer where the divisor is one.
    for op, divisor in (
        ("aten.floor_divide.Scalar", 2),
        ("aten.floor_divide.Scalar", 3),
        ("aten.floor_divide_.Scalar", 2),
    ):
        case = program(ADD, (op, (Ref(1), divisor)), target="tvm-relax-import")
        verdict = blamed(case, failing(case, "error"), LIMITS)
        assert verdict.guilty == "from_exported_program"
        found.add(signature(case, verdict))
    assert len(found) == 1


def test_constants_do_not_keep_the_interpreter_from_telling() -> None:
    builder = GraphBuilder()
    x = builder.input(tensor_type("f32", (4,)))
    constant = builder.constant(tensor_type("f32", (4,)), literal(0.0, 1.0, 2.0, 3.0))
    results = builder.call("aten.ne.Tensor", (Ref(x), Ref(constant)))
    case = TestCase(builder.build(results), InputRecipe((literal(1.0, 0.0, "nan", 2.0),)), "tvm-relax")
    assert blamed(case, failing(case, "wrong-result"), LIMITS).guilty == "build" + NAN_ALGEBRA
