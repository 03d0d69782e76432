from __future__ import annotations

import pytest
import torch
from torch._inductor.exc import CppCompileError

from tensorsmith.oracles.errors import failed_with
from tensorsmith.targets.registry import find_target


@pytest.mark.parametrize(
    ("output", "outcome"),
    [
        ("kernel.cpp:7:3: error: 'tmp3' was not declared in this scope", "fail"),
        ("during RTL pass: expand\nk.cpp:4:2: internal compiler error: in convert_move, at expr.cc:220", "limitation"),
    ],
)  # fmt: skip
def test_a_fault_of_the_installed_cpp_compiler_is_no_finding(output: str, outcome: str) -> None:
    error = CppCompileError(["g++", "kernel.cpp"], output)
    verdict = failed_with("crash", error, find_target("inductor"))
    assert verdict.outcome == outcome
    assert verdict.message.split(": ", 1)[1] in output


@pytest.mark.parametrize(
    "message",
    [
        "encountered a mutation on a view chain of length 2, where view 1 was an as_strided() call. It is not possible "
        "to functionalize properly today, so this behavior is banned in compile.",
        "While executing unfold, functionalization encountered a tensor being mutated that has internal overlap. When "
        "using torch.compile (or running functionalization directly), this is banned as the behavior is not well "
        "defined. Consider cloning the tensor before mutating it, or removing the mutation from your model.",
    ],
)
def test_what_torch_says_it_bans_is_a_limitation(message: str) -> None:
    assert failed_with("crash", RuntimeError(message), find_target("inductor")).outcome == "limitation"


def test_the_traceback_shows_the_compiler_and_not_the_caller() -> None:
    def calls() -> None:
        try:
            torch._refs.expand(torch.ones(2), 3, 7)
        except Exception as error:
            raise RuntimeError("while lowering") from error

    with pytest.raises(RuntimeError) as raised:
        calls()
    (_, text), *_ = failed_with("crash", raised.value, find_target("inductor")).evidence
    assert "RuntimeError: while lowering" in text
    assert 'File "torch/_refs/__init__.py"' in text
    assert __file__ not in text


def test_what_fake_tensors_reject_is_told_apart_by_operator_and_reason() -> None:
    error = RuntimeError(
        "RuntimeError when making fake tensor call\n"
        "  Explanation: Dynamo failed to run FX node with fake tensors: call_function aten._foreach_max.default("
        "*([FakeTensor(..., size=(s4, 1))],), **{}): got RuntimeError('Cannot call numel() on tensor with symbolic "
        "sizes/strides\\nException raised from throw_cannot_call at ...\\n')\n"
        "  Hint: Your code may result in an error when running in eager."
    )
    message = failed_with("crash", error, find_target("inductor")).message
    assert message == (
        "fake tensors reject aten._foreach_max.default: "
        "RuntimeError('Cannot call numel() on tensor with symbolic sizes/strides"
    )


@pytest.mark.parametrize(
    "message",
    ["Currently supports only sorted output for topk operator.", "conv2d only supports 4 dimensions"],
)
def test_what_tvm_says_it_supports_alone_is_a_limitation_elsewhere(message: str) -> None:
    assert failed_with("crash", AssertionError(message), find_target("tvm-relax-import")).outcome == "limitation"
