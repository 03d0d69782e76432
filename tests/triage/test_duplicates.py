"""Failures that are known before reduction: by signature, or because a known program occurs in them."""

from __future__ import annotations

import json

import msgspec

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.cases import Case, graph_case
from tensorsmith.ir.graph import DTypeArg, Ref, TensorType
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir import TirProgram
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import judge
from tensorsmith.oracles.verdict import Kind, Verdict
from tensorsmith.triage.duplicates import KnownFinding, is_twin, occurrence, probable_duplicate
from tensorsmith.triage.signature import signature
from tests.ir import test_tir_case as tir
from tests.triage.programs import TARGET, case_of, chain, random_program, relu_mul

WRONG = Verdict("fail", "differential", kind="wrong-result", channel="values")


def known(case: Case, verdict: Verdict, id_: str = "known") -> KnownFinding:
    return KnownFinding(id_, signature(case, verdict), case)


def mul_then_relu(dtype: str = "f32") -> TestCase:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (2, 3)))
    if dtype != "f32":
        (x,) = builder.call("aten._to_copy.default", (Ref(x),), (("dtype", DTypeArg("f16")),))
    (a,) = builder.call("aten.mul.Tensor", (Ref(x), Ref(x)))
    (b,) = builder.call("aten.relu.default", (Ref(a),))
    return case_of(builder.build([b]))


def test_the_reduced_program_is_found_in_a_large_one() -> None:
    finding = known(relu_mul((1, 1)), WRONG)
    case = random_program(0, 25)
    verdict = judge(case)
    assert probable_duplicate(case, verdict, [known(mul_then_relu(), WRONG, "other"), finding]) == "known"
    pattern = graph_case(finding.case).graph
    found = [case.graph.nodes[position].op for position in sorted(occurrence(pattern, case.graph))]
    assert found == ["aten.relu.default", "aten.mul.Tensor"]


def test_dataflow_the_other_way_round_is_another_failure() -> None:
    assert probable_duplicate(mul_then_relu(), WRONG, [known(relu_mul(), WRONG)]) is None
    assert occurrence(relu_mul().graph, mul_then_relu().graph) == set()


def test_target_kind_and_channel_must_agree() -> None:
    finding = known(relu_mul(), WRONG)
    assert probable_duplicate(relu_mul(target="aot_eager"), WRONG, [finding]) is None
    dtype = Verdict("fail", "differential", kind="wrong-result", channel="dtype")
    assert probable_duplicate(relu_mul(), dtype, [finding]) is None
    assert probable_duplicate(relu_mul(), WRONG, [finding]) == "known"


def test_a_dtype_that_reduction_had_to_keep_must_be_there() -> None:
    pattern = mul_then_relu("f16").graph
    assert occurrence(pattern, mul_then_relu("f16").graph) == {0, 1, 2}
    plain = GraphBuilder()
    x = plain.input(TensorType("f16", (2, 3)))
    (a,) = plain.call("aten.mul.Tensor", (Ref(x), Ref(x)))
    (b,) = plain.call("aten.relu.default", (Ref(a),))
    needs_half = plain.build([b])
    assert occurrence(needs_half, mul_then_relu("f16").graph) == {1, 2}
    assert occurrence(needs_half, mul_then_relu().graph) == set()


def test_errors_are_known_by_their_signature() -> None:
    first, second = chain("sigmoid", "tanh"), chain("sin", "sigmoid", "tanh", "cos")
    finding = known(first, judge(first))
    assert finding.signature.target == TARGET
    assert probable_duplicate(second, judge(second), [finding]) == "known"
    other = Verdict("fail", "differential", kind="error", exception="ValueError", message="another")
    assert probable_duplicate(second, other, [finding]) is None


def error(message: str, frame: str = "a.py:f") -> Verdict:
    return Verdict("fail", "differential", kind="error", exception="E", message=message, frames=("b.py:g", frame))


def test_an_error_that_says_something_else_is_a_twin_in_the_same_program_and_place() -> None:
    finding = known(chain("sin", "cos"), error("no layout for sin"))
    wide = chain("sin", "cos", shape=(5, 7))
    assert is_twin(signature(wide, error("sin has 35 elements")), wide, finding)
    elsewhere = error("sin has 35 elements", "a.py:h")
    assert not is_twin(signature(wide, elsewhere), wide, finding)
    other = chain("cos", "sin")
    assert not is_twin(signature(other, error("sin has 35 elements")), other, finding)
    assert is_twin(signature(other, error("no layout for sin")), other, finding)
    nowhere = msgspec.structs.replace(error("m"), frames=())
    assert not is_twin(
        signature(wide, nowhere), wide, known(chain("sin", "cos"), msgspec.structs.replace(nowhere, message="n"))
    )


def test_what_is_guilty_may_be_known_of_one_twin_only() -> None:
    case = relu_mul((4, 4))
    blamed_one = known(relu_mul(), msgspec.structs.replace(WRONG, guilty="fusion"))
    assert is_twin(signature(case, WRONG), case, blamed_one)
    assert not is_twin(signature(case, msgspec.structs.replace(WRONG, guilty="layout")), case, blamed_one)
    assert not is_twin(signature(mul_then_relu(), WRONG), mul_then_relu(), blamed_one)


def test_a_message_that_an_older_version_freed_of_less_is_known() -> None:
    case, now = chain("sin"), error("cannot lower sin_2 of buf3")
    finding = known(case, now)
    older = msgspec.structs.replace(finding.signature, message="cannot lower sin_N of NAME")
    assert older != finding.signature
    assert probable_duplicate(case, now, [msgspec.structs.replace(finding, signature=older)]) == "known"


def tir_case(text: str, *passes: str) -> TirCase:
    return tir.case_of(
        program=TirProgram(text, ()), pipeline=Pipeline(tuple(Step(name) for name in passes or ("tirx.StmtSimplify",)))
    )


def blamed(guilty: str, kind: Kind = "wrong-result") -> Verdict:
    return Verdict("fail", "pass-by-pass", kind=kind, channel="values", guilty=guilty, message="m")


def test_of_tir_the_pass_and_the_constructs_tell() -> None:
    small, large = tir_case(tir.TEXT), tir_case(tir.TEXT)
    finding = known(small, blamed("tirx.StmtSimplify"))
    assert probable_duplicate(large, blamed("tirx.StmtSimplify"), [finding]) == "known"
    assert probable_duplicate(large, blamed("s_tir.LoopPartition"), [finding]) is None
    also = msgspec.structs.replace(finding, also_guilty=("s_tir.LoopPartition",))
    assert probable_duplicate(large, blamed("s_tir.LoopPartition"), [also]) == "known"
    fewer = tir_case(json.dumps({"nodes": tir.NODES[:5]}))
    assert probable_duplicate(fewer, blamed("tirx.StmtSimplify"), [finding]) is None


def test_a_death_may_be_that_of_any_pass_that_ran() -> None:
    finding = known(tir_case(tir.TEXT, "s_tir.HoistIfThenElse"), blamed("s_tir.HoistIfThenElse", "hang"))
    hang = blamed("", "hang")
    same = tir_case(tir.TEXT, "tirx.StmtSimplify", "s_tir.HoistIfThenElse")
    assert probable_duplicate(same, hang, [finding]) == "known"
    assert probable_duplicate(tir_case(tir.TEXT, "tirx.StmtSimplify"), hang, [finding]) is None
