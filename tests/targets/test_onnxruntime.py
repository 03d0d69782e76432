"""ONNX Runtime agrees with eager on what it takes, says what it does not, and its settings reach it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import EnvironmentLacksError
from tensorsmith.ir.graph import Ref, TensorType, tensor_type
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.targets.onnxruntime import session
from tensorsmith.targets.onnxruntime.knobs import LEVEL, OPTIMIZERS, onnxruntime_knobs
from tensorsmith.targets.onnxruntime.target import OnnxRuntime
from tensorsmith.targets.onnxruntime.unsupported import limitation
from tensorsmith.targets.registry import find_target, usable_target
from tensorsmith.triage.confirm import run_repro
from tensorsmith.triage.repro import repro_script
from tests.oracles.programs import Call, case_of
from tests.triage.onnxruntime_faults import export_once, failing, pooled

F32 = tensor_type("f32", (2, 3))


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    find_target("onnxruntime").warm()


def case(types: list[TensorType], calls: list[Call], outputs: list[int] | None = None) -> TestCase:
    return replace(case_of(types, calls, outputs=outputs), target="onnxruntime")


def test_dtypes_come_and_go() -> None:
    calls: list[Call] = [
        ("aten.logical_not.default", (Ref(0),)),
        ("aten.clone.default", (Ref(1),)),
        ("aten.mul.Tensor", (Ref(2), Ref(2))),
        ("aten.bitwise_and.Tensor", (Ref(3), Ref(3))),
        ("aten.sin.default", (Ref(4),)),
    ]
    dtypes = ("bool", "bf16", "f16", "u8", "f64")
    types = [tensor_type(dtype, (2, 3)) for dtype in dtypes]  # type: ignore[arg-type]
    found = judge(case(types, calls, outputs=[5, 6, 7, 8, 9]))
    assert found.outcome == "pass", found


def test_writes_views_and_strides_are_those_of_eager() -> None:
    builder = GraphBuilder()
    x = builder.input(tensor_type("f32", (2, 3), (1, 2)))
    y = builder.input(F32)
    (written,) = builder.call("aten.mul_.Tensor", (Ref(x), Ref(y)))
    (row,) = builder.call("aten.select.int", (Ref(written), 0, 1))
    (other,) = builder.call("aten.t.default", (Ref(y),))
    recipe = InputRecipe((Drawn("normal", 1), Drawn("normal", 2)))
    found = judge(TestCase(builder.build([row, other]), recipe, "onnxruntime"))
    assert found.outcome == "pass", found


@pytest.mark.parametrize(
    ("calls", "dtype", "what"),
    [
        ([("aten.digamma.default", (Ref(0),))], "f32", "digamma.default: torch.onnx has no function for it"),
        ([("aten.add.Tensor", (Ref(0), Ref(0)))], "c64", "complex numbers"),
        ([("aten.as_strided.default", (Ref(0), (2,), (1,)))], "f32", "as_strided.default of what is not contiguous"),
    ],
)
def test_what_is_not_taken_is_a_limitation(calls: list[Call], dtype: str, what: str) -> None:
    found = judge(case([tensor_type(dtype, (2, 3), (1, 2))], calls))  # type: ignore[arg-type]
    assert found.outcome == "limitation"
    assert what in found.reason


def test_what_the_runtime_says_is_a_limitation_or_none() -> None:
    prefix = "[ONNXRuntimeError] : "
    no_kernel = limitation(prefix + "9 : NOT_IMPLEMENTED : Could not find an implementation for Abs(13) node with name")
    assert "Abs(13): it has no kernel" in str(no_kernel)
    of = "Type Error: Type 'tensor(uint8)' of input parameter (x) of operator (Round) in node (n) is invalid."
    assert "Round of tensor(uint8)" in str(limitation(prefix + "10 : INVALID_GRAPH : This is an invalid model. " + of))
    assert limitation(prefix + "1 : FAIL : Type Error: Type parameter (T) of Optype (Div) bound to two types") is None


def test_a_missing_package_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EnvironmentLacksError, match=r"pip install 'tensorsmith\[onnx\]'"):
        usable_target("onnxruntime", "cpu")


def test_settings_reach_the_session(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(session, "SEVERITY", 0)  # it says which transformers run
    program = case([F32], [("aten.relu.default", (Ref(0),))])
    export_once(monkeypatch, program)

    def optimizers(*steps: tuple[str, str | bool]) -> set[str]:
        own = tuple(Step(name, (("value", value),)) for name, value in steps)
        capfd.readouterr()
        run = OnnxRuntime().compile(replace(program, pipeline=Pipeline(own)))
        said = capfd.readouterr().err
        assert torch.equal(run(make_inputs(program.graph, program.recipe))[0].sign().clamp(max=0), torch.zeros(2, 3))
        return {line.split("GraphTransformer ")[1].split()[0] for line in said.splitlines() if " modified: " in line}

    usual = optimizers()
    assert {"ConstantFolding", "GeluFusionL2", "NchwcTransformer"} <= usual
    assert not optimizers((LEVEL, "disable_all")) & set(OPTIMIZERS)
    assert not optimizers((LEVEL, "basic")) & {"GeluFusionL2", "NchwcTransformer"}
    assert usual - optimizers(("ConstantFolding", False)) == {"ConstantFolding"}
    assert not optimizers(*((name, False) for name in OPTIMIZERS)) & set(OPTIMIZERS)


def test_an_optimizer_is_a_knob_once() -> None:
    names = [knob.name for knob in onnxruntime_knobs()]
    assert len(names) == len(set(names)) == len(OPTIMIZERS) + 1


def test_a_script_shows_what_onnxruntime_does(tmp_path: Path) -> None:
    verdict = failing(pooled())
    off = Pipeline((Step("Pad_Fusion", (("value", False),)),))
    shown = [run_script(one, verdict, tmp_path) for one in (pooled(), replace(pooled(), pipeline=off))]
    assert shown == [True, False]


def run_script(case: TestCase, verdict: object, folder: Path) -> bool:
    path = folder / "repro.py"
    path.write_text(repro_script(case, verdict))  # type: ignore[arg-type]
    assert "tensorsmith." not in path.read_text()
    return run_repro(path, 120.0)
