"""Scripts of findings about a user's own operators register them, in an interpreter that knows nothing of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import Graph, Ref, TensorType
from tensorsmith.triage.registrations import registrations

LIBRARY = """
import torch

library = torch.library.Library("registered_here", "DEF")
library.define("double(Tensor x) -> Tensor")

@torch.library.impl(library, "double", "CompositeExplicitAutograd")
def double(x):
    return x * 2

@torch.library.register_fake("registered_here::double")
def fake(x):
    return torch.empty_like(x)

@torch.library.custom_op("registered_here::triple", mutates_args=())
def triple(x: torch.Tensor) -> torch.Tensor:
    return x * 3

@triple.register_fake
def _(x):
    return torch.empty_like(x)

library.define("half(Tensor x) -> Tensor")

@torch.library.impl(library, "half", "CompositeImplicitAutograd")
def half(x):
    return x / 2
"""


def graph_of(*ops: str) -> Graph:
    builder = GraphBuilder()
    value = builder.input(TensorType("f32", (3,)))
    for op in ops:
        (value,) = builder.call(op, (Ref(value),))
    return builder.build([value])


def test_a_fresh_interpreter_has_the_operators_after_the_statements(tmp_path: Path) -> None:
    (tmp_path / "registering.py").write_text(LIBRARY)
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import registering
from tensorsmith.triage.registrations import registrations
from tests.triage.test_registrations import graph_of
for name in ("double", "triple", "half"):
    print(registrations(graph_of(f"registered_here.{name}.default", "aten.neg.default")), end="|")
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    root = Path(__file__).parents[2]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout
    statements = f"sys.path.insert(0, {str(tmp_path)!r})\nimport registering"
    assert printed == f"{statements}|" * 3

    script = tmp_path / "script.py"
    calls = [f"torch.ops.registered_here.{name}.default(torch.ones(1)).item()" for name in ("double", "triple", "half")]
    script.write_text(f"import sys\nimport torch\n{statements}\nprint({', '.join(calls)})\n")
    done = subprocess.run([sys.executable, "-I", str(script)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "2.0 3.0 0.5", done.stderr


def test_torchs_own_operators_need_no_registration() -> None:
    assert registrations(graph_of("aten.neg.default", "prims.sin.default")) == ""
