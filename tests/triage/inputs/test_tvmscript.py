"""Functions of TVMScript: in a script, in a module, as TVM prints them; and those that cannot be test cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tensorsmith.ir.errors import TensorsmithError
from tensorsmith.ir.tir import TirBuffer, TirScalar
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import judge
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import to_function
from tensorsmith.triage.cases import load_case

pytest.importorskip("tvm")

SCRIPT = """
from tvm.script import ir as I
from tvm.script import tirx as T

@T.prim_func
def scaled(x: T.handle, y: T.Buffer((4,), "int32"), n: T.int32):
    a = T.match_buffer(x, (4,), "int32")
    for i in range(4):
        y[i] = a[i] * n

@T.prim_func
def beyond(x: T.Buffer((4,), "float32")):
    for i in range(4):
        x[i + 1] = x[i]

@T.prim_func
def open_shape(x: T.handle, n: T.int32):
    a = T.match_buffer(x, (n,), "float32")
    for i in range(n):
        a[i] = T.float32(1)

@T.prim_func
def strided(x: T.Buffer((4,), "float32", strides=(2,))):
    for i in range(4):
        x[i] = T.float32(1)

@T.prim_func
def mixed(n: T.int32, x: T.Buffer((4,), "int32")):
    for i in range(4):
        x[i] = n

@I.ir_module
class Two:
    @T.prim_func
    def doubled(x: T.Buffer((4,), "float32")):
        for i in range(4):
            x[i] = x[i] * T.float32(2)

    @T.prim_func
    def halved(x: T.Buffer((4,), "float32")):
        for i in range(4):
            x[i] = x[i] * T.float32(0.5)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "kernels.py"
    path.write_text(SCRIPT)
    return path


def tir_case(text: str) -> TirCase:
    case = load_case(text)
    assert isinstance(case, TirCase)
    return case


def test_a_function_becomes_a_test_of_the_default_pipeline(script: Path) -> None:
    case = tir_case(f"{script}:scaled")
    assert (case.target, case.pipeline.steps) == ("tvm-tir", ())
    assert case.program.buffers == (TirBuffer("a", "int32", (4,), -8, 8), TirBuffer("y", "int32", (4,), -8, 8))
    assert case.program.scalars == (TirScalar("n", "int32", -8, 8),)
    assert judge(case).outcome == "pass"


def test_a_program_without_a_meaning_says_nothing(script: Path) -> None:
    verdict = judge(tir_case(f"{script}:beyond"))
    assert (verdict.outcome, verdict.reason) == ("invalid", "undefined: out of bounds")


def test_a_function_of_a_module_and_one_that_was_printed(script: Path, tmp_path: Path) -> None:
    halved = to_function(tir_case(f"{script}:Two.halved").program).func
    assert not adapter.equal(halved, to_function(tir_case(f"{script}:Two.doubled").program).func)
    printed = tmp_path / "printed.py"
    printed.write_text(adapter.script(halved))
    for name in ("", ":main"):
        assert adapter.equal(to_function(tir_case(f"{printed}{name}").program).func, halved)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Two", r"the module has 2 functions; name one: .*kernels\.py:Two\.doubled, .*kernels\.py:Two\.halved"),
        ("Two.tripled", "the module has no `tripled`; it has doubled, halved"),
        ("open_shape", "buffer `a`: its shape is not constant"),
        ("strided", "buffer `x`: it has strides or an offset"),
        ("mixed", "buffer `x` follows a scalar"),
        ("missing", "has no function or module `missing`"),
    ],
)
def test_what_cannot_become_one_is_one_clear_line(script: Path, name: str, said: str) -> None:
    with pytest.raises(TensorsmithError, match=said) as raised:
        load_case(f"{script}:{name}")
    assert "\n" not in str(raised.value)


def test_the_parameters_say_what_they_are(script: Path) -> None:
    with pytest.raises(TensorsmithError, match="takes no --input"):
        load_case(f"{script}:scaled", inputs=("f32[4]",))


def test_tvmscript_with_an_error_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "printed.py"
    path.write_text("# from tvm.script import tirx as T\n\n@T.prim_func\ndef f(x: T.int32):\n    y[0] = 1\n")
    with pytest.raises(TensorsmithError, match="TVM cannot read it: ") as raised:
        load_case(str(path))
    assert "\n" not in str(raised.value)
