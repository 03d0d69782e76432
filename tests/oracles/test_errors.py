from __future__ import annotations

import pytest
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


def test_what_torch_says_it_bans_is_a_limitation() -> None:
    error = RuntimeError(
        "encountered a mutation on a view chain of length 2, where view 1 was an as_strided() call. It is not possible "
        "to functionalize properly today, so this behavior is banned in compile."
    )
    assert failed_with("crash", error, find_target("inductor")).outcome == "limitation"
