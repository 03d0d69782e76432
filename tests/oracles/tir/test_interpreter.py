"""The reference on statements: results computed by hand, what is undefined, what is not supported."""

import re

import numpy as np
import pytest

from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tests.oracles.tir.tvm_scripts import parse, run

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
    "break": (
        "for i in range(8):\n    if i == 3:\n        T.evaluate(T.break_loop())\n    A[i] = 9",
        [9, 9, 9, 3, 4, 5, 6, 7],
    ),
    "continue": (
        "for i in range(8):\n    if i > n:\n        T.evaluate(T.continue_loop())\n    A[i] = 9",
        [9, 9, 9, 3, 4, 5, 6, 7],
    ),
    "assume": ("T.evaluate(T.assume(n == 2))\nA[0] = 1", [1, 1, 2, 3, 4, 5, 6, 7]),
    "attribute": ('with T.attr(0, "pragma_unroll_explicit", 1):\n    A[0] = 1', [1, 1, 2, 3, 4, 5, 6, 7]),
    "parallel by another variable": (
        "for i in T.parallel(4):\n    A[i + n] = A[i + n] + A[7]",
        [0, 1, 9, 10, 11, 12, 6, 7],
    ),
    "parallel and independent for these values": (
        "for i in T.parallel(4):\n    A[i * n + 1] = A[i * n]",
        [0, 0, 2, 2, 4, 4, 6, 6],
    ),
    "parallel, every iteration on its own": (
        "for i in T.parallel(4):\n    A[i * 2] = A[i * 2 + 1]\n    A[i * 2 + 1] = A[i * 2] * 2",
        [1, 2, 3, 6, 5, 10, 7, 14],
    ),
    "parallel within parallel": (
        "for i in T.parallel(2):\n    for j in T.vectorized(4):\n        A[i * 4 + j] = A[i * 4 + j] + i",
        [0, 1, 2, 3, 5, 6, 7, 8],
    ),
    "match_buffer": (
        'for i in range(4):\n    with T.sblock("s"):\n        vi = T.axis.spatial(4, i)\n'
        "        B = T.match_buffer(A[vi * 2 : vi * 2 + 2], (2,), 'int32', offset_factor=1)\n        B[1] = B[0] + 10",
        [0, 10, 2, 12, 4, 14, 6, 16],
    ),
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
    "false assumption": "T.evaluate(T.assume(n == 2))",
    "dependent iterations": "for i in T.parallel(1, 8):\n    A[i] = A[i - 1]",
    "dependent iterations by the values": "for i in T.parallel(4):\n    A[i * n + 1] = A[i * n]",
    "dependent iterations of the outer loop": "for i in T.parallel(2):\n    for j in range(2):\n        A[j] = i",
    "dependent iterations by a write after a read": "for i in T.parallel(7):\n    A[7 - i] = A[6 - i]",
    "dependent iterations of a sum": "for i in T.vectorized(4):\n    A[0] = A[0] + 1",
    "dependent iterations of loops": "for i in T.parallel(4):\n    for j in range(4):\n        A[i + j] = 1",
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_undefined_runs(name: str) -> None:
    reason = re.split(" below| of a | of loops| by | of the ", name)[0]
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
