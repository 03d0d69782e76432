"""A command as the judge: it is asked with scripts, and what it finds interesting is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tensorsmith.ir.cases import operators_of
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import encode, load
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.interesting import reduce_interesting, run_command
from tests.triage.programs import case_of, chain, random_program

# Exits with 1 for scripts that call both.
BOTH = "! { grep -q aten.relu {} && grep -q aten.mul {}; }"
LIMITS = Limits(20.0)


@pytest.mark.parametrize(
    ("command", "outcome", "reason"),
    [
        ("false", "fail", ""),
        ("true", "pass", ""),
        ("grep -q aten.cos", "pass", ""),
        ("! grep -q aten.cos", "fail", ""),
        ("sleep 60; false", "invalid", "timeout"),
    ],
)
def test_what_a_command_says(command: str, outcome: str, reason: str) -> None:
    limits = Limits(1.0) if reason else LIMITS
    verdict = run_command(command, chain("cos", target="eager"), limits)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_a_command_that_is_not_there_is_an_error() -> None:
    with pytest.raises(
        InvalidInputError, match="--interesting: cannot be run, the shell exits with 127: no-such-command"
    ):
        run_command("no-such-command", chain("cos", target="eager"), LIMITS)


def test_the_script_of_a_candidate_runs_by_itself() -> None:
    assert run_command(f"{sys.executable} -I", chain("cos", target="aot_eager"), Limits(120.0)).outcome == "pass"


def test_a_program_is_reduced_as_long_as_it_is_interesting() -> None:
    case = case_of(random_program(0, 12).graph, "eager")
    verdict = run_command(BOTH, case, LIMITS)
    assert verdict.outcome == "fail"
    reduced, again = reduce_interesting(BOTH, case, verdict, LIMITS, 120)
    assert sorted(operators_of(reduced.case)) == ["aten.mul.Tensor", "aten.relu.default"]
    assert (reduced.minimal, again) == (True, (2, 2))


@pytest.mark.slow
def test_reduce_asks_the_command(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_bytes(encode(chain("sin", "cos", "abs", target="eager")))
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "tensorsmith.fuzz",
        "reduce",
        path,
        "--out",
        tmp_path / "out",
        "--interesting",
    ]
    bored = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    assert bored.returncode == 2
    assert bored.stderr == f"error: {path}: not interesting to begin with: `true` exits with 0\n"
    ran = subprocess.run([*command, "! grep -q aten.cos"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert operators_of(load(tmp_path / "out" / "testcase.json")) == ("aten.cos.default",)
    assert "aten.cos" in (tmp_path / "out" / "repro.py").read_text()
