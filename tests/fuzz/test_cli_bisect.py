"""`bisect` on a compiler that is broken on purpose, and on releases of it, each a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tensorsmith.ir.graph import Graph, Input, Node, Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase, encode

# A backend of torch.compile that gets cosines wrong from release 2 on.
AGED = """
import os
import torch
from torch._dynamo import register_backend

RELEASE = os.environ.get("RELEASE", "9")

@register_backend(name="aged")
def aged(module, inputs):
    for node in module.graph.nodes:
        if node.target in (torch.cos, torch.ops.aten.cos.default) and int(RELEASE) >= 2:
            node.target = torch.sin if node.target is torch.cos else torch.ops.aten.sin.default
    module.recompile()
    return module.forward
"""

Arguments = Callable[..., list[str]]


@pytest.fixture
def arguments(tmp_path: Path) -> Arguments:
    """The arguments of a command on a case that fails with that backend."""
    vector = TensorType("f32", (8,))
    nodes = tuple(Node(f"aten.{op}.default", (Ref(n),), (n + 1,), (vector,)) for n, op in enumerate(("neg", "cos")))
    case = TestCase(Graph((Input(0, vector),), nodes, (2,)), InputRecipe((Drawn("uniform", 1),)), "torch:aged")
    (tmp_path / "case.json").write_bytes(encode(case))
    (tmp_path / "aged.py").write_text(AGED)

    def given(*more: object) -> list[str]:
        return ["bisect", str(tmp_path / "case.json"), "--import", str(tmp_path / "aged.py"), *map(str, more)]

    return given


def started(arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tensorsmith.fuzz", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_the_backend_is_told_line_by_line(arguments: Arguments) -> None:
    process = started(arguments())
    out, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("fails: wrong-result values")
    assert "  backend aot_eager: passes" in lines
    assert "  backend torch:aged: fails: wrong-result values" in lines
    last = lines.index(next(line for line in lines if line.startswith("after ")))
    assert lines[last + 1].startswith("Backend: `torch:aged` is the first that fails; `inductor` passes.")
    assert lines[last + 2 :] == ["Settings: it fails with the default ones; none of 1 tried singly makes it pass."]


@pytest.mark.slow
def test_releases_are_told_as_json(arguments: Arguments, tmp_path: Path) -> None:
    pythons = []
    for release in (1, 2):
        python = tmp_path / f"r{release}" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nRELEASE={release} exec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        pythons += ["--python", python.parent.parent]
    process = started(arguments(*pythons, "--json"))
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    found = json.loads(out)
    releases = found["releases"]
    assert releases["first_failing"] == str(tmp_path / "r2" / "bin" / "python")
    assert releases["last_passing"] == str(tmp_path / "r1" / "bin" / "python")
    assert releases["check"] == {"failed": [2, 2], "passed": [2, 2]}
    assert [(one["outcome"], one["said"]) for one in releases["ran"]] == [
        ("passes", ""),
        ("fails", ""),
    ]
    assert (found["complete"], found["backends"], found["runs"]) == (True, None, 4)


@pytest.mark.slow
def test_an_interrupt_tells_what_is_known(arguments: Arguments) -> None:
    process = started(arguments("--json"))
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("  backend eager"):
            process.send_signal(signal.SIGINT)
            break
    out, _ = process.communicate()
    assert process.returncode == 0
    found = json.loads(out)
    assert found["complete"] is False
    assert found["unfinished"][0] == {"name": "backend eager", "outcome": "passes", "said": ""}
    assert found["notes"] == ["interrupted: there may be more to find out"]


def test_what_is_no_environment_is_bad_input(run: Any, tmp_path: Path, good_case: TestCase) -> None:
    (tmp_path / "case.json").write_bytes(encode(good_case))
    ran = run("bisect", tmp_path / "case.json", "--python", tmp_path / "nowhere")
    assert ran.code == 2
    assert ran.err.startswith(f"error: --python {tmp_path / 'nowhere'}: neither a Python interpreter nor")


def test_what_does_not_fail_is_bad_input(run: Any, tmp_path: Path, good_case: TestCase) -> None:
    (tmp_path / "case.json").write_bytes(encode(good_case))
    ran = run("bisect", tmp_path / "case.json")
    assert ran.code == 2
    assert "does not fail on aot_eager here: pass" in ran.err
