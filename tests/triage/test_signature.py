"""What makes two failures the same: messages freed of what varies, and what must agree."""

from __future__ import annotations

import pytest

from tensorsmith.oracles.judge import judge
from tensorsmith.oracles.verdict import Kind, Verdict, passed
from tensorsmith.triage.signature import Signature, as_judged, normalized, same_failure, signature
from tests.ir.test_tir_case import case_of as tir_case
from tests.triage.programs import chain, relu_mul


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("shape mismatch: [4, 8] and [8]", "shape mismatch: [16, 2] and [3]"),
        ("cannot lower buf12 at 0x7f00aa", "cannot lower buf3 at 0x1234"),
        ("/tmp/a1/b.cpp: error: no match for 'tmp3'", "/home/x/c.cpp: error: no match for 'tmp14'"),
        ("expected 3.5 got -1e-05", "expected 7 got 2"),
        ("first line\nsecond", "first line\nanother"),
        (
            "no matching function for call to \u2018max(int&)\u2019",
            "no matching function for call to \u2018max(Vec<float, 1>, int)\u2019",
        ),
        ("cannot lower sub: used by ['add', 'neg_1']", "cannot lower sub_3: used by ['output']"),
        ("cannot lower sub_N", "cannot lower sub_12"),
        ("size 2==2, stride 3==1 at dim=0", "size 2==2, stride 6==3 at dim=0; size 2==3, stride 3==6 at dim=1"),
        ("(Div) bound to (tensor(float16) and tensor(int64))", "(Div) bound to (tensor(bfloat16) and tensor(bool))"),
    ],
)
def test_messages_that_differ_in_accidents_are_equal(first: str, second: str) -> None:
    assert normalized(first) == normalized(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("cannot lower a convolution", "cannot lower a pooling"),
        ("the process died: SIGSEGV", "the process died: SIGABRT"),
        ("error: no member named in namespace", "error: no matching function for call"),
        (
            "no matching function for call to \u2018max_reduce(int)\u2019",
            "no matching function for call to \u2018sum_reduce(int)\u2019",
        ),
    ],
)
def test_messages_that_say_other_things_differ(first: str, second: str) -> None:
    assert normalized(first) != normalized(second)


def test_same_failure_looks_at_what_tells_kinds_apart() -> None:
    error = Verdict("fail", "d", kind="error", exception="E", message="bad 3", frames=("a.py:f",))
    assert same_failure(error, Verdict("fail", "d", kind="error", exception="E", message="bad 9", frames=("a.py:f",)))
    for other in (
        Verdict("fail", "d", kind="error", exception="F", message="bad 3", frames=("a.py:f",)),
        Verdict("fail", "d", kind="error", exception="E", message="worse", frames=("a.py:f",)),
        Verdict("fail", "d", kind="error", exception="E", message="bad 3", frames=("b.py:g",)),
        Verdict("fail", "d", kind="wrong-result", channel="values"),
    ):
        assert not same_failure(error, other)
    values = Verdict("fail", "d", kind="wrong-result", channel="values", message="a")
    assert same_failure(values, Verdict("fail", "d", kind="wrong-result", channel="values", message="b"))
    assert not same_failure(values, Verdict("fail", "d", kind="wrong-result", channel="dtype", message="a"))
    segfault = Verdict("fail", "d", kind="crash", message="the process died: SIGSEGV")
    assert not same_failure(segfault, Verdict("fail", "d", kind="crash", message="the process died: SIGABRT"))


def test_one_bug_in_two_programs_has_one_signature() -> None:
    first, second = chain("sigmoid", "tanh"), chain("sin", "sigmoid", "tanh", shape=(5, 7))
    assert signature(first, judge(first)) == signature(second, judge(second))
    small, large = relu_mul(), relu_mul((8, 16))
    assert signature(small, judge(small)).id == signature(large, judge(large)).id
    assert signature(small, judge(small)) != signature(first, judge(first))


def test_wrong_results_are_told_by_which_call_reads_which() -> None:
    wrong = Verdict("fail", "differential", kind="wrong-result", channel="values")

    def found(*ops: str, shape: tuple[int, ...] = (2, 3)) -> Signature:
        return signature(chain(*ops, shape=shape), wrong)

    assert found("relu", "exp") == found("relu", "exp", shape=(7,))
    assert found("relu", "exp").operators == found("exp", "relu").operators
    assert len({found(*ops).id for ops in (("relu", "exp"), ("exp", "relu"), ("exp", "relu", "exp"))}) == 3
    # Of what is not reduced, and of one call, the operators are all there is to say.
    assert found("relu").structure == found(*["relu", "exp"] * 10).structure == ""


def test_findings_of_one_call_keep_their_ids() -> None:
    wrong = Verdict("fail", "differential", kind="wrong-result", channel="values")
    assert signature(chain("sigmoid"), wrong).id == "a29c8e99f72e"


def test_what_passes_has_no_signature() -> None:
    with pytest.raises(ValueError, match="no signature"):
        signature(relu_mul(), passed("d"))


def tir_signature(kind: Kind, message: str, guilty: str = "tirx.LowerIntrin", frame: str = "a.h:f") -> Signature:
    frames = ("x", frame) if kind == "error" else ()
    verdict = Verdict("fail", "pass-by-pass", kind=kind, guilty=guilty, message=message, frames=frames)
    return signature(tir_case(), verdict)


def test_an_ill_formed_program_is_told_by_its_pass_and_problem() -> None:
    said = "P gives a program that TVM's verifier rejects: ValueError: Invalid use of undefined variable {} at <r>.{}"
    first = tir_signature("ill-formed", said.format("x", "body.seq[1].condition"))
    assert first == tir_signature("ill-formed", said.format("cse_v1", "body.value"))
    assert first != tir_signature("ill-formed", said.format("x", "body.seq[1].condition"), "tirx.VectorizeLoop")
    assert first != tir_signature("ill-formed", "TIR is ill-formed, due to multiple definitions of variable x")


def test_an_error_of_tvm_is_told_by_what_was_checked_and_where() -> None:
    first = tir_signature("error", "Check failed: fb->value != 0 (0 vs. 0) : Divide by zero")
    assert first == tir_signature("error", "Check failed: fb->value != 0 (0 vs. 0) : Divide", "tirx.RemoveNoOp")
    assert first != tir_signature("error", "Check failed: fb->value != 0 (0 vs. 0) : Divide by zero", frame="b.h:f")
    bound = "Check failed: (allow_override) is false: Binding of variable {} as I.Range({}, 1)"
    assert tir_signature("error", bound.format("x", 0)) == tir_signature("error", bound.format("y", 16))


def test_wrong_results_of_tir_are_told_by_pass_and_constructs_and_those_of_nan_are_one() -> None:
    wrong = Verdict("fail", "p", kind="wrong-result", channel="values", guilty="tirx.StmtSimplify", message="A[0] is 1")
    found = signature(tir_case(), wrong)
    assert (found.guilty, found.operators, found.message) == (
        "tirx.StmtSimplify",
        ("Add.int", "FloorDiv.int", "For.unrolled"),
        "",
    )
    nan = [Verdict("fail", "p", kind="wrong-result", channel="nan-algebra", guilty=name) for name in ("a", "b")]
    assert signature(tir_case(), nan[0]) == signature(tir_case(), nan[1])


def test_what_triage_adds_to_a_verdict_is_taken_off_for_judges() -> None:
    judged = Verdict("fail", "differential", kind="wrong-result", channel="values")
    blamed = Verdict("fail", "differential", kind="wrong-result", channel="values", guilty="relax.X", frames=("a:f",))
    assert not same_failure(blamed, judged)
    assert as_judged(relu_mul(), blamed) == judged
