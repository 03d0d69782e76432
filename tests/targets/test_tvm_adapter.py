"""TVM behind its adapter: a program goes to data and back, builds and runs; without TVM the remedy is named."""

import importlib.util
from typing import Any

import msgspec
import numpy as np
import pytest

from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError
from tensorsmith.ir.tir import TirBuffer, decode, encode
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.tvm import adapter, build
from tensorsmith.targets.tvm.function import TirFunction, from_program, to_program

BUFFERS = (TirBuffer("A", "int32", (4,)), TirBuffer("B", "int32", (4,)))


def doubled() -> Any:
    """B[i] = A[i] + A[i]."""
    tirx = pytest.importorskip("tvm").tirx
    a, b = (adapter.buffer(buffer.name, buffer.dtype, buffer.shape) for buffer in BUFFERS)
    i = tirx.Var("i", "int32")
    return adapter.function([a, b], tirx.For(i, 0, 4, 0, tirx.BufferStore(b, tirx.Add(a[i], a[i]), [i])))


@pytest.mark.skipif(importlib.util.find_spec("tvm") is not None, reason="TVM is installed")
def test_without_tvm_the_error_says_what_to_install() -> None:
    with pytest.raises(EnvironmentLacksError, match=r"pip install 'tensorsmith\[tvm\]'"):
        adapter.tvm()


def test_a_function_comes_back_from_data_as_it_was() -> None:
    func = doubled()
    program = to_program(TirFunction(func, BUFFERS), with_script=True)
    assert "def main(" in program.script
    again = from_program(decode(encode(program)))
    assert pytest.importorskip("tvm_ffi").structural_equal(again, func)
    assert to_program(TirFunction(again, BUFFERS), with_script=True) == program


@pytest.mark.parametrize("json", ["{}", '{"nodes": [], "root_index": 0}', "[1]"])
def test_json_that_is_not_tvms_is_one_line(json: str) -> None:
    program = msgspec.structs.replace(to_program(TirFunction(doubled(), BUFFERS)), json=json)
    with pytest.raises(InvalidInputError, match="field `json`") as caught:
        from_program(program)
    assert "\n" not in str(caught.value)


def test_what_a_newer_tvm_wrote_is_not_read_as_something_else() -> None:
    program = to_program(TirFunction(doubled(), BUFFERS))
    newer = program.json.replace(adapter.tvm().root.__version__, "99.1.0")
    case = TirCase(msgspec.structs.replace(program, json=newer), "tvm-tir")
    verdict = judge_isolated(case, Limits())
    assert (verdict.outcome, verdict.reason) == ("invalid", "invalid-input")
    assert "it was written by TVM 99.1.0, which is newer than" in verdict.message


@pytest.mark.parametrize("opt_level", [0, 3])
def test_build_and_run(opt_level: int) -> None:
    given = {"A": np.array([1, -2, 3, 4], "int32"), "B": np.zeros(4, "int32")}
    result = build.run(build.build(doubled(), opt_level), given)
    assert result["B"].tolist() == [2, -4, 6, 8]
    assert given["B"].tolist() == [0, 0, 0, 0]


def test_a_variable_that_nothing_defines_is_not_well_formed() -> None:
    assert adapter.is_well_formed(doubled())
    tirx, a = adapter.tvm().tirx, adapter.buffer("A", "int32", (4,))
    assert not adapter.is_well_formed(adapter.function([a], tirx.BufferStore(a, tirx.Var("x", "int32"), [0])))
