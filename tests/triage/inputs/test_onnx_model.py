"""ONNX files: with what reads them they become programs, without it the remedy is named."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from tensorsmith.ir.cases import graph_case
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError
from tensorsmith.oracles.judge_graph import judge_graph
from tensorsmith.oracles.observation import observe
from tensorsmith.targets.eager import Eager
from tensorsmith.triage.cases import load_case


def test_without_the_packages_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)  # as if it were not installed
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(EnvironmentLacksError, match=r"not installed .*: pip install 'tensorsmith\[onnx\]'") as raised:
        load_case(str(tmp_path / "model.onnx"))
    assert raised.value.exit_code == 3


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """y = relu(x w), with a first dimension that is open."""
    onnx = pytest.importorskip("onnx")
    if importlib.util.find_spec("onnx2torch") is None:  # importing it may ask for a torchvision that does not load
        pytest.skip("onnx2torch is not installed")
    helper: Any = onnx.helper
    types = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 2]) for name in ("x", "y")]
    weight = helper.make_tensor("w", onnx.TensorProto.FLOAT, [2, 2], [1.0, -2.0, 3.0, -4.0])
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    graph = helper.make_graph(nodes, "g", types[:1], types[1:], [weight])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "model.onnx"
    onnx.save(made, str(path))
    return path


def test_a_model_becomes_the_program_that_it_is(model: Path) -> None:
    import torch

    case = graph_case(load_case(str(model), "aot_eager"))
    assert [i.type.shape for i in case.graph.inputs] == [(2, 2)]
    assert judge_graph(case).outcome == "pass"
    one = graph_case(load_case(str(model), "eager", inputs=("f32[1, 2] = literals(1.0, 2.0)",)))
    (out,) = observe(Eager().compile(one), one).outputs
    torch.testing.assert_close(out, torch.tensor([[7.0, 0.0]]))


def test_what_is_no_model_is_one_line(model: Path) -> None:
    model.write_bytes(b"no model")
    with pytest.raises(InvalidInputError, match="no ONNX model: ") as raised:
        load_case(str(model))
    assert "\n" not in str(raised.value)
