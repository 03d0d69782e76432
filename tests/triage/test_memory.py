"""What a reduction keeps in files: an interrupted or killed one goes on from there, and nothing is judged twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tensorsmith.ir.cases import decode, operators_of
from tensorsmith.ir.testcase import TestCase, encode
from tensorsmith.oracles.verdict import Verdict, passed
from tensorsmith.triage.memory import TRIED, Memory
from tensorsmith.triage.reduce import reduce_case
from tests.triage.programs import case_of, random_program
from tests.triage.test_reduce import contains, wrong


def counted(judge: Callable[[TestCase], Verdict], seen: list[str], stop: int = 10**9) -> Callable[[TestCase], Verdict]:
    """The judge, which notes what it is asked and is interrupted after so many."""

    def judged(case: TestCase) -> Verdict:
        if len(seen) == stop:
            raise KeyboardInterrupt
        seen.append(case.id)
        return judge(case)

    return judged


@pytest.mark.parametrize("stop", [1, 5, 12])
def test_an_interrupted_reduction_goes_on_where_it_was(tmp_path: Path, stop: int) -> None:
    case = random_program(0, 25)
    judge = contains("relu", "mul")
    whole: list[str] = []
    expected = reduce_case(case, wrong(), counted(judge, whole), 60)

    first: list[str] = []
    stopped = reduce_case(case, wrong(), counted(judge, first, stop), 60, memory=Memory(tmp_path, "key"))
    assert not stopped.minimal
    assert decode((tmp_path / "testcase.json").read_bytes()) == stopped.case
    second: list[str] = []
    memory = Memory(tmp_path, "key")
    assert len(memory) == stop
    left = reduce_case(case, wrong(), counted(judge, second), 60, memory=memory)
    assert (left.case, left.minimal) == (expected.case, True)
    assert first + second == whole, "each candidate is judged once, by one of the two"
    assert decode((tmp_path / "testcase.json").read_bytes()) == left.case


def test_what_was_known_for_something_else_is_forgotten(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "one compiler")
    memory.note("a", wrong())
    assert Memory(tmp_path, "one compiler").recall("a") == wrong()
    assert Memory(tmp_path, "another").recall("a") is None
    assert Memory(tmp_path, "one compiler").recall("a") is None


def test_half_a_line_is_no_line(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "key")
    memory.note("a", passed("planted"))
    memory.note("b", wrong())
    path = tmp_path / TRIED
    path.write_bytes(path.read_bytes()[:-20])
    left = Memory(tmp_path, "key")
    assert left.recall("a") == passed("planted")
    assert left.recall("b") is None


BACKEND = """
import time
import torch
from torch._dynamo import register_backend

@register_backend(name="gradual")
def gradual(module, inputs):
    names = [getattr(getattr(n.target, "_schema", None), "name", "") for n in module.graph.nodes]
    time.sleep(0.2)
    if "aten::relu" in names and "aten::mul" in names:
        raise RuntimeError("planted: relu and mul")
    if "aten::mul" in names:
        raise KeyError("planted: mul alone")
    return module.forward
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_command_that_is_killed_or_interrupted_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "backend.py").write_text(BACKEND)
    case = case_of(random_program(0, 25).graph, "torch:gradual")
    (tmp_path / "case.json").write_bytes(encode(case))
    out = tmp_path / "out"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "tensorsmith.fuzz",
        "reduce",
        tmp_path / "case.json",
        "--out",
        out,
    ]
    command += ["--import", tmp_path / "backend.py"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and (not (out / TRIED).exists() or len((out / TRIED).read_bytes().splitlines()) < 6):
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    os.kill(process.pid, number)
    said, complained = process.communicate()
    best = decode((out / "testcase.json").read_bytes())
    assert len(operators_of(best)) < 25
    judged = (out / TRIED).read_bytes().splitlines()
    if number == signal.SIGINT:
        assert process.returncode == 0, complained
        assert "stopped before it was done" in said
        assert "planted: relu and mul" in (out / "report.md").read_text()

    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "candidates are known" in again.stdout
    left = decode((out / "testcase.json").read_bytes())
    assert operators_of(left) == ("aten.relu.default", "aten.mul.Tensor")
    (other,) = out.glob("other-*")
    assert operators_of(decode((other / "testcase.json").read_bytes())) == ("aten.mul.Tensor",)
    assert "planted: mul alone" in (other / "verdict.json").read_text()
    lines = (out / TRIED).read_bytes().splitlines()
    assert lines[: len(judged)] == judged
    assert len(set(lines)) == len(lines)
