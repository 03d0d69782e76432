"""Scripts that show a finding run in a fresh interpreter, without tensorsmith; their exit code says what they saw."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import DTypeArg, Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe, Literals
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.observation import observe
from tensorsmith.oracles.verdict import Channel, Kind, Verdict
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage import entry_points, repro_kinds
from tensorsmith.triage.confirm import run_repro
from tensorsmith.triage.entry_points import Entry
from tensorsmith.triage.repro import repro_script
from tests.triage.programs import PREAMBLE, TARGET, case_of, chain, relu_mul

LIMITS = Limits(seconds=3.0)
SCRIPT_LIMITS = Limits(seconds=4.0)


@pytest.fixture(autouse=True)
def planted_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts for the planted backend contain it."""
    way_in = Entry('torch.compile(fn, backend="planted", fullgraph=True)', PREAMBLE)
    monkeypatch.setattr(entry_points, "ENTRIES", [(TARGET, lambda case: way_in), *entry_points.ENTRIES])


def exit_code(script: str, folder: Path) -> tuple[int, str]:
    path = folder / "repro.py"
    path.write_text(script, encoding="utf-8")
    ended = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True, timeout=120)
    return ended.returncode, ended.stdout + ended.stderr


def imported(script: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found


def mutation() -> TestCase:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (2, 3)))
    (a,) = builder.call("aten.relu_.default", (Ref(x),))
    (b,) = builder.call("aten.add_.Tensor", (Ref(a), 1))
    (c,) = builder.call("aten.abs.default", (Ref(b),))
    return case_of(builder.build([c]))


def failing() -> dict[str, tuple[TestCase, str]]:
    return {
        "values": (relu_mul(), "wrong-result"),
        "error": (chain("sigmoid", "tanh"), "error"),
        "crash": (chain("neg", "exp"), "crash"),
        "hang": (chain("neg", "cos"), "hang"),
        "dtype": (chain("neg", "sin"), "wrong-result"),
        "aliasing": (chain("t"), "wrong-result"),
        "mutation": (mutation(), "wrong-result"),
    }


@pytest.mark.parametrize("name", list(failing()))
def test_the_script_shows_the_failure_and_its_absence(name: str, tmp_path: Path) -> None:
    case, kind = failing()[name]
    verdict = judge_isolated(case, LIMITS)
    assert (verdict.outcome, verdict.kind) == ("fail", kind), verdict
    if kind == "wrong-result":
        assert verdict.channel == name
    script = repro_script(case, verdict, SCRIPT_LIMITS)
    code, said = exit_code(script, tmp_path)
    assert code == 1, said
    assert "reproduced" in said


@pytest.mark.parametrize("name", ["values", "error", "dtype", "aliasing", "mutation"])
def test_the_script_finds_nothing_where_the_bug_is_not(name: str) -> None:
    case, kind = failing()[name]
    channel: Channel = "" if kind == "error" else cast(Channel, name)
    verdict = Verdict("fail", "differential", kind=cast(Kind, kind), channel=channel, exception="AssertionError")
    names: dict[str, Any] = {"__name__": "script"}
    exec(repro_script(TestCase(case.graph, case.recipe, "torch:eager"), verdict), names)
    assert names["main"]() == 0


def test_a_script_is_run_in_a_fresh_interpreter(tmp_path: Path) -> None:
    path = tmp_path / "repro.py"
    path.write_text("import sys\nprint('reproduced: it')\nsys.exit(1)\n")
    assert run_repro(path, 30)
    path.write_text("raise ValueError('Python exits with 1 here')\n")
    assert not run_repro(path, 30)
    path.write_text("import time\nprint('reproduced: it', flush=True)\ntime.sleep(60)\n")
    assert not run_repro(path, 1)


def test_a_crash_script_survives_a_program_that_does_not_crash(tmp_path: Path) -> None:
    verdict = Verdict("fail", "crash", kind="crash", message="the process died: SIGSEGV")
    code, said = exit_code(repro_script(chain("neg", target="torch:eager"), verdict), tmp_path)
    assert code == 0, said


LATE = """import time
from torch._dynamo import register_backend

@register_backend
def late(module, inputs, begun=[]):
    if {when}:
        time.sleep({seconds})
    begun.append(True)
    return module.forward
"""


@pytest.mark.slow
@pytest.mark.parametrize(("when", "seconds", "start", "expected"), [("not begun", 14, 60, 0), ("True", 3600, 1, 1)])
def test_a_first_compilation_is_not_timed_but_has_to_end(
    when: str, seconds: int, start: float, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way_in = Entry('torch.compile(fn, backend="late", fullgraph=True)', LATE.format(when=when, seconds=seconds))
    monkeypatch.setattr(entry_points, "ENTRIES", [(TARGET, lambda case: way_in)])
    monkeypatch.setattr(repro_kinds, "START_SECONDS", start)
    hang = Verdict("fail", "crash", kind="hang", message="it did not end")
    code, said = exit_code(repro_script(chain("neg"), hang, Limits(seconds=12.0)), tmp_path)
    assert code == expected, said


def test_the_script_imports_nothing_of_ours() -> None:
    for case in (relu_mul(target="inductor"), relu_mul(target="aot_eager")):
        script = repro_script(case, Verdict("fail", "differential", kind="wrong-result", channel="values"))
        assert imported(script) <= {"torch", *sys.stdlib_module_names}


def test_a_script_whose_eager_run_fails_says_so(tmp_path: Path) -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (3,)))
    i = builder.input(TensorType("i64", (2,)))
    (y,) = builder.call("aten.index_select.default", (Ref(x), 0, Ref(i)))
    case = TestCase(builder.build([y]), InputRecipe((Drawn("normal", 0), Literals((5, 6)))), "aot_eager")
    verdict = Verdict("fail", "differential", kind="wrong-result", channel="values")
    code, said = exit_code(repro_script(case, verdict), tmp_path)
    assert code == 2
    assert "eager fails as well" in said


def test_the_script_computes_what_the_test_case_says() -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f16", (2, 3), (1, 2), 1))
    y = builder.input(TensorType("i32", (4,)))
    z = builder.input(TensorType("f32", (3, 5)))
    w = builder.input(TensorType("f32", (5,)), shares=z)
    c = builder.constant(TensorType("bf16", ()), Literals((0.1,)))
    (a,) = builder.call("aten.add.Tensor", (Ref(x), Ref(c)), (("alpha", 2),))
    values, indices = builder.call("aten.max.dim", (Ref(z), 1))
    (b,) = builder.call("aten._to_copy.default", (Ref(y),), (("dtype", DTypeArg("f64")),))
    (d,) = builder.call("aten.cat.default", ((Ref(values), Ref(w)),))
    graph = builder.build([a, b, d, indices])
    odd = Literals(("inf", 0.1, 65504.0, -0.0, "nan", 1e-7, 1.5))
    recipe = InputRecipe((odd, Drawn("special", 3), Drawn("normal", 4), Drawn("ones", 0)))
    case = TestCase(graph, recipe, "eager")
    script = repro_script(case, Verdict("fail", "differential", kind="wrong-result", channel="values"))
    names: dict[str, Any] = {"__name__": "script"}
    exec(script, names)
    inputs = names["inputs"]()
    for want, got in zip(make_inputs(graph, recipe), inputs, strict=True):
        assert (want.dtype, want.stride(), want.storage_offset()) == (got.dtype, got.stride(), got.storage_offset())
        torch.testing.assert_close(got, want, rtol=0, atol=0, equal_nan=True)
    assert inputs[3].untyped_storage().data_ptr() == inputs[2].untyped_storage().data_ptr()
    expected = observe(Eager().compile(case), case).outputs
    torch.testing.assert_close(list(names["fn"](*inputs)), list(expected), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("shape", [(2, 3), (6,)])
@pytest.mark.parametrize("values", [Literals((1.0, 2.0, 3.0, 4.0, 5.0, 6.0)), Drawn("normal", 4), Drawn("ones", 0)])
def test_inputs_that_share_memory_are_views_as_when_judged(shape: tuple[int, ...], values: Literals | Drawn) -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", shape))
    y = builder.input(TensorType("f32", (3,)), shares=x)
    (z,) = builder.call("aten.sin.default", (Ref(y),))
    case = TestCase(builder.build([z]), InputRecipe((values, Drawn("ones", 0))), "eager")
    names: dict[str, Any] = {"__name__": "script"}
    exec(repro_script(case, Verdict("fail", "differential", kind="wrong-result", channel="values")), names)
    for want, got in zip(make_inputs(case.graph, case.recipe), names["inputs"](), strict=True):
        assert want._base is not None
        assert got._base is not None
        assert (got._base.shape, got.shape, got.stride()) == (want._base.shape, want.shape, want.stride())
        torch.testing.assert_close(got, want, rtol=0, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["inductor", "torch:inductor"])
def test_a_script_keeps_away_from_the_graph_caches(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (8, 8)))
    (y,) = builder.call("aten.mm.default", (Ref(x), Ref(x)))
    verdict = Verdict("fail", "differential", kind="wrong-result", channel="values")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    code, said = exit_code(repro_script(case_of(builder.build([y]), target), verdict), tmp_path)
    assert code == 0, said
    made = {path.name for path in (tmp_path / "cache").iterdir()}
    assert made
    assert not made & {"aotautograd", "fxgraph"}
