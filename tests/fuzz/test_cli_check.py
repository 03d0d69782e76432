"""`check`: what it says of programs that are right, wrong, say nothing, or are not supported; and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tensorsmith.fuzz.cli.check import EXIT_CODES
from tensorsmith.ir.testcase import TestCase, encode
from tests.planted import eight_bugs

SCRIPT = """
import torch

print("scripts may print")

def right(x):
    return torch.cos(x)

def sigmoid(x):
    return torch.sigmoid(x) * 2

def clamp(x):
    return torch.clamp(x, 0, 1)

def amin(x):
    return torch.amin(x)

def amax(x):
    return torch.amax(x)

def windows(x):
    x[:9].unfold(0, 4, 4).mul_(2)
    return x[:1] + 1

def dropout(x):
    return torch.nn.functional.dropout(x, 0.5, training=True)

def divided(x):
    return x.int() // torch.zeros(10, dtype=torch.int32)

def infinite(x):
    return x / 0

def unsupported(x):
    y = x + 1
    y.polygamma_(1)
    return y

def example_inputs():
    return (torch.linspace(-1, 1, 10),)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "programs.py"
    path.write_text(SCRIPT)
    return path


def test_each_outcome_has_an_exit_code_of_its_own() -> None:
    assert EXIT_CODES == {"pass": 0, "fail": 1, "invalid": 2, "limitation": 3}


def test_what_is_right_passes(run: Any, script: Path, tmp_path: Path, good_case: TestCase) -> None:
    ran = run("check", f"{script}:right", "--target", "aot_eager")
    assert (ran.code, ran.out) == (
        0,
        f"passes {script}:right: aot_eager on cpu, 1 operators; judged by crash, differential\n",
    )
    assert "scripts may print" in ran.err
    (tmp_path / "case.json").write_bytes(encode(good_case))
    assert run("check", tmp_path / "case.json").code == 0


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("sigmoid", ["kind wrong-result", "channel values", "expected [", "actual ["]),
        ("clamp", ["kind wrong-result", "channel mutation", "message input 0 after the run"]),
        ("amin", ["kind error", f"exception {eight_bugs.__name__}.EightError", "message cannot lower amin"]),
        ("amax", ["kind crash", "message"]),
    ],
)
def test_what_is_wrong_fails_and_the_channel_is_named(run: Any, script: Path, name: str, facts: list[str]) -> None:
    ran = run("check", f"{script}:{name}", "--target", "torch:eight")
    first, *rest = ran.out.splitlines()
    assert (ran.code, first.split(":")[0]) == (1, f"FAILS {script}")
    said = [" ".join(line.split()) for line in rest]
    for fact in facts:
        assert any(line.startswith(fact) for line in said), ran.out


def test_scripts_get_json(run: Any, script: Path) -> None:
    ran = run("check", f"{script}:clamp", "--target", "torch:eight", "--json")
    said = json.loads(ran.out)
    assert ran.code == 1
    assert (said["outcome"], said["kind"], said["channel"]) == ("fail", "wrong-result", "mutation")
    assert (said["target"], said["size"], said["unit"]) == ("torch:eight", 1, "operators")
    assert said["oracles"] == ["crash", "differential"]
    assert said["evidence"].keys() >= {"expected", "actual"}


def test_a_bug_of_torch_itself(run: Any, script: Path) -> None:
    # Functionalization of an in-place write to windows sets what no window covers to zero.
    ran = run("check", f"{script}:windows", "--target", "aot_eager", "--json")
    assert (ran.code, json.loads(ran.out)["channel"]) == (1, "mutation")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("dropout", r"random (aten.bernoulli_.float: its result is random); call .eval() on a model with dropout"),
        ("divided", "eager-error (eager: RuntimeError: ['ZeroDivisionError'])"),
        ("infinite", "nonfinite (100% of the returned floats are NaN or Inf); give other example inputs"),
    ],
)
def test_what_says_nothing_does_not_pass(run: Any, script: Path, name: str, why: str) -> None:
    ran = run("check", f"{script}:{name}", "--target", "aot_eager")
    assert ran.code == 2
    assert ran.out.startswith(f"says nothing {script}:{name}: aot_eager on cpu, ")
    assert why in ran.out
    assert run("check", f"{script}:{name}", "--target", "aot_eager", "--json").code == 2


def test_what_is_not_supported_does_not_pass(run: Any, script: Path) -> None:
    ran = run("check", f"{script}:unsupported", "--target", "aot_eager")
    assert ran.code == 3
    assert ran.out.startswith(f"unsupported {script}:unsupported: aot_eager on cpu, 2 operators: ")
    assert "We only support functionalizing operators" in ran.out


def test_inputs_take_the_place_of_example_inputs(run: Any, script: Path) -> None:
    for command in (["check"], ["reduce", "--out", script.parent / "out"], ["report"]):
        ran = run(*command, f"{script}:right", "--target", "eager", "--input", "f32[2, 3", "--input", "2")
        assert (ran.code, ran.err.splitlines()[-1]) == (
            2,
            "error: --input 'f32[2, 3': expected `,`, found the end of the line",
        )
    assert run("check", f"{script}:right", "--target", "eager", "--input", "f64[2, 3]").code == 0


def test_a_program_for_a_target_of_another_kind_is_refused(run: Any, script: Path) -> None:
    ran = run("check", f"{script}:right", "--target", "tvm-tir")
    assert (ran.code, ran.err.splitlines()[-1]) == (
        2,
        f"error: {script}:right: is a graph of operators, and target `tvm-tir` compiles functions of TIR",
    )
