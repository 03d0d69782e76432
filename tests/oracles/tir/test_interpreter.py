"""The reference on statements: results computed by hand, what is undefined, what is not supported."""

from typing import Any

import numpy as np
import pytest

from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported

tvm = pytest.importorskip("tvm")


def parse(parameters: str, body: str) -> Any:
    """The PrimFunc of TVMScript statements."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    source = f"# from tvm.script import tirx as T\n@T.prim_func(s_tir=True)\ndef main({parameters}):\n{lines}\n"
    return tvm.script.from_source(source)


def run(body: str, size: int = 8, **scalars: int) -> list[int]:
    """The buffer A of int32 after the statements, at first 0, 1, 2, ...; `scalars` are int32 parameters."""
    parameters = ", ".join([f'A: T.Buffer(({size},), "int32")', *(f"{name}: T.int32" for name in scalars)])
    given: dict[str, Any] = {"A": np.arange(size, dtype="int32"), **scalars}
    result = compile_function(parse(parameters, body)).run(given)["A"]
    assert given["A"].tolist() == list(range(size))
    values: list[int] = result.tolist()
    return values


DEFINED = {
    "serial": ("for i in range(8):\n    A[i] = A[i] * 2", [0, 2, 4, 6, 8, 10, 12, 14]),
    "not from zero": ("for i in range(2, 5):\n    A[i] = 0", [0, 1, 0, 0, 0, 5, 6, 7]),
    "from a negative": ("for i in range(-2, 1):\n    A[i + 2] = i", [-2, -1, 0, 3, 4, 5, 6, 7]),
    "by steps": ("for i in T.serial(1, 8, step=3):\n    A[i] = 0", [0, 0, 2, 3, 0, 5, 6, 0]),
    "triangular": (
        "for i in range(4):\n    for j in range(i, 4):\n        A[j] = A[j] + 10",
        [10, 21, 32, 43, 4, 5, 6, 7],
    ),
    "never": ("for i in range(n, n):\n    A[i] = 9", [0, 1, 2, 3, 4, 5, 6, 7]),
    "parallel": ("for i in T.parallel(8):\n    A[i] = 7 - A[i]", [7, 6, 5, 4, 3, 2, 1, 0]),
    "vectorized": ("for i in T.vectorized(4):\n    A[i * 2] = 0", [0, 1, 0, 3, 0, 5, 0, 7]),
    "unrolled": ("for i in T.unroll(3):\n    A[0] = A[0] + i", [3, 1, 2, 3, 4, 5, 6, 7]),
    "branch": (
        "for i in range(8):\n    if A[i] > 3:\n        A[i] = 1\n    else:\n        A[i] = 0",
        [0] * 4 + [1] * 4,
    ),
    "while": ("while A[7] > n:\n    A[7] = A[7] - 2", [0, 1, 2, 3, 4, 5, 6, 1]),
    "bind": ("x = T.bind(n + 1)\nA[x] = x * x", [0, 1, 2, 9, 4, 5, 6, 7]),
    "local": ('W = T.alloc_buffer((2,), "int32")\nW[1] = 5\nA[0] = W[1]', [5, 1, 2, 3, 4, 5, 6, 7]),
    "assert": ('assert n == 2, "two"\nA[0] = 1', [1, 1, 2, 3, 4, 5, 6, 7]),
    "block": (
        'for i, k in T.grid(2, 4):\n    with T.sblock("s"):\n        vi, vk = T.axis.remap("SR", [i, k])\n'
        "        with T.init():\n            A[vi] = 100\n        A[vi] = A[vi] + vk",
        [106, 106, 2, 3, 4, 5, 6, 7],
    ),
}


@pytest.mark.parametrize("name", DEFINED)
def test_statements(name: str) -> None:
    body, expected = DEFINED[name]
    assert run(body, n=2) == expected


UNDEFINED = {
    "out of bounds": "A[n + 7] = 0",
    "out of bounds below": "A[n - 2] = 0",
    "integer overflow": "for i in range(8):\n    A[i] = A[i] * 2147483647",
    "uninitialized read": 'W = T.alloc_buffer((2,), "int32")\nW[0] = 1\nA[0] = W[n]',
    "assertion fails": 'assert n == 2, "two"',
    "too many iterations": "while A[1] == 1:\n    A[0] = 1",
    "negative extent": "for i in range(n, 0):\n    A[i] = 9",
    "dependent iterations": "for i in T.parallel(1, 8):\n    A[i] = A[i - 1]",
    "dependent iterations of a sum": "for i in T.vectorized(4):\n    A[0] = A[0] + 1",
    "dependent iterations of loops": "for i in T.parallel(4):\n    for j in range(4):\n        A[i + j] = 1",
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_undefined_runs(name: str) -> None:
    reason = name.removesuffix(" below").removesuffix(" of a sum").removesuffix(" of loops")
    with pytest.raises(Undefined, match=reason):
        run(UNDEFINED[name], n=1)


def test_an_index_outside_its_own_dimension_is_out_of_bounds() -> None:
    func = parse('A: T.Buffer((2, 2), "int32"), n: T.int32', "A[0, n] = 5")
    assert compile_function(func).run({"A": np.zeros((2, 2), "int32"), "n": 1})["A"].tolist() == [[0, 5], [0, 0]]
    with pytest.raises(Undefined, match="out of bounds"):
        compile_function(func).run({"A": np.zeros((2, 2), "int32"), "n": 2})


def test_a_float_parameter_has_its_own_dtype() -> None:
    func = parse('A: T.Buffer((2,), "float32"), x: T.float32', "A[0] = x * x\nA[1] = T.erf(x)")
    result = compile_function(func).run({"A": np.zeros(2, "float32"), "x": 0.1})["A"]
    assert result[0] == np.float32(0.1) * np.float32(0.1)
    assert result[1] == pytest.approx(0.112463, rel=1e-5)


def test_a_float_parameter_overflows_as_its_dtype_does() -> None:
    func = parse('A: T.Buffer((1,), "float32"), x: T.float16', 'A[0] = T.Cast("float32", x * x)')
    assert compile_function(func).run({"A": np.zeros(1, "float32"), "x": 300.0})["A"][0] == np.inf


def test_transcendental_functions_make_a_function_inexact() -> None:
    assert compile_function(parse('A: T.Buffer((2,), "float32")', "A[0] = T.exp(A[1])")).inexact
    assert not compile_function(parse('A: T.Buffer((2,), "float32")', "A[0] = T.sqrt(A[1])")).inexact


def test_a_loop_bound_to_a_thread_is_not_supported() -> None:
    body = 'for i in T.thread_binding(4, thread="threadIdx.x"):\n    A[i] = 0'
    with pytest.raises(Unsupported, match="thread"):
        run(body)


def test_arguments_of_another_dtype_or_shape_are_refused() -> None:
    reference = compile_function(parse('A: T.Buffer((2,), "int32")', "A[0] = 1"))
    for array in (np.zeros(2, "int64"), np.zeros(3, "int32")):
        with pytest.raises(ValueError, match="for a buffer int32"):
            reference.run({"A": array})
