"""The reference on views of memory, other dtypes of it, and what the caller gives for a buffer."""

from typing import Any

import numpy as np
import pytest

from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tensorsmith.targets.tvm import adapter
from tests.oracles.tir.tvm_scripts import parse

pytest.importorskip("tvm")
tirx = adapter.tvm().tirx


def number(value: int, dtype: str = "int32") -> Any:
    return tirx.IntImm(dtype, value)


def body(*statements: Any) -> Any:
    return tirx.SeqStmt(list(statements)) if len(statements) > 1 else statements[0]


def test_a_view_has_another_shape() -> None:
    a, flat = adapter.buffer("A", "int32", (2, 3)), adapter.buffer("F", "int32", (6,))
    func = adapter.function([a], body(tirx.DeclBuffer(flat, data=a.data), tirx.BufferStore(flat, a[0, 2], [number(4)])))
    result = compile_function(func).run({"A": np.arange(6, dtype="int32").reshape(2, 3)})
    assert result["A"].tolist() == [[0, 1, 2], [3, 2, 5]]


def test_a_view_of_a_part_must_stay_in_bounds() -> None:
    a, large = adapter.buffer("A", "int32", (2,)), adapter.buffer("L", "int32", (4,))
    store = [tirx.BufferStore(large, number(7), [number(position)]) for position in (1, 2)]
    declared = tirx.DeclBuffer(large, data=a.data)
    run = compile_function(adapter.function([a], body(declared, store[0]))).run
    assert run({"A": np.zeros(2, "int32")})["A"].tolist() == [0, 7]
    with pytest.raises(Undefined, match="out of bounds"):
        compile_function(adapter.function([a], body(declared, store[1]))).run({"A": np.zeros(2, "int32")})


def test_a_view_of_floats_as_integers_has_their_bits() -> None:
    a, bits = adapter.buffer("A", "float32", (2,)), adapter.buffer("I", "int32", (2,))
    store = tirx.BufferStore(bits, tirx.Add(bits[0], number(1 << 23)), [number(1)])
    func = adapter.function([a], body(tirx.DeclBuffer(bits, data=a.data), store))
    assert compile_function(func).run({"A": np.array([3.0, 0.0], "float32")})["A"].tolist() == [3.0, 6.0]


def test_a_buffer_of_vectors() -> None:
    a, b = adapter.buffer("A", "float32x4", (2,)), adapter.buffer("B", "float32", (8,))
    lanes = tirx.Ramp(number(4), number(1), 4)
    func = adapter.function([a, b], body(tirx.BufferStore(b, tirx.Add(a[0], a[1]), [lanes])))
    given = {"A": np.arange(8, dtype="float32").reshape(2, 4), "B": np.zeros(8, "float32")}
    result = compile_function(func).run(given)
    assert result["B"].tolist() == [0, 0, 0, 0, 4, 6, 8, 10]
    assert result["A"].shape == (2, 4)


def test_a_local_buffer_of_vectors() -> None:
    w, b = adapter.buffer("W", "int32x2", (2,)), adapter.buffer("B", "int32", (4,))
    first = tirx.BufferStore(w, tirx.Ramp(number(5), number(1), 2), [number(1)])
    second = tirx.BufferStore(b, w[1], [tirx.Ramp(number(1), number(2), 2)])
    func = adapter.function([b], body(tirx.AllocBuffer(w), first, second))
    assert compile_function(func).run({"B": np.zeros(4, "int32")})["B"].tolist() == [0, 5, 0, 6]


def reused(*statements: Any) -> list[int]:
    """B after the statements, with W of 2 int64, and N, 4 of int32 in the same memory."""
    func = adapter.function([B], body(tirx.AllocBuffer(W), tirx.DeclBuffer(N, data=W.data), *statements))
    values: list[int] = compile_function(func).run({"B": np.zeros(2, "int32")})["B"].tolist()
    return values


W, N, B = adapter.buffer("W", "int64", (2,)), adapter.buffer("N", "int32", (4,)), adapter.buffer("B", "int32", (2,))


def test_local_memory_is_used_again_for_another_dtype() -> None:
    wide = tirx.BufferStore(W, number(9, "int64"), [number(0)])
    copied = tirx.BufferStore(B, tirx.Cast("int32", W[0]), [number(0)])
    narrow = tirx.BufferStore(N, tirx.Add(B[0], number(1)), [number(1)])
    assert reused(wide, copied, narrow, tirx.BufferStore(B, N[1], [number(1)])) == [9, 10]


def test_what_is_read_of_memory_are_the_bytes_last_written() -> None:
    wide = tirx.BufferStore(W, number((7 << 32) + 5, "int64"), [number(1)])
    reads = [tirx.BufferStore(B, N[2 + position], [number(position)]) for position in range(2)]
    assert reused(wide, *reads) == [5, 7]
    with pytest.raises(Undefined, match="uninitialized"):
        reused(wide, tirx.BufferStore(B, N[1], [number(0)]))


def test_a_value_that_is_written_over_in_part_is_another() -> None:
    wide = tirx.BufferStore(W, number((7 << 32) + 5, "int64"), [number(0)])
    narrow = tirx.BufferStore(N, number(1), [number(1)])
    assert reused(
        wide, narrow, tirx.BufferStore(B, tirx.Cast("int32", tirx.RShift(W[0], number(32, "int64"))), [0])
    ) == [1, 0]


def test_booleans_as_bytes() -> None:
    a = adapter.buffer("A", "int8", (2,))
    func = adapter.function([a], tirx.BufferStore(a, tirx.Add(a[0], number(0, "int8")), [number(1)]))
    result = compile_function(func).run({"A": np.array([True, False])})["A"]
    assert (result.dtype, result.tolist()) == (np.dtype(bool), [True, True])
    two = adapter.function([a], tirx.BufferStore(a, number(2, "int8"), [number(1)]))
    with pytest.raises(Undefined, match="neither 0 nor 1"):
        compile_function(two).run({"A": np.array([True, False])})


def test_flat_parameters_take_arrays_of_any_shape_by_position() -> None:
    func = parse('X: T.Buffer((6,), "int32"), n: T.int32', "X[n] = 9")
    result = compile_function(func).run({"A": np.zeros((2, 3), "int32"), "m": 4})
    assert result["A"].tolist() == [[0, 0, 0], [0, 9, 0]]


def test_a_symbolic_shape_is_that_of_the_array() -> None:
    func = parse(
        "a: T.handle, b: T.handle, n: T.int32",
        'm = T.int32()\nA = T.match_buffer(a, (n, m), "int32")\nB = T.match_buffer(b, (m * n,), "int32")\n'
        "for i in range(n):\n    for j in range(m):\n        B[i * m + j] = A[i, j]",
    )
    reference = compile_function(func)
    values = np.arange(6, dtype="int32")
    given = {"a": values.reshape(2, 3), "b": np.zeros(6, "int32"), "n": 2}
    assert reference.run(given)["b"].tolist() == values.tolist()
    for wrong in ({"n": 3}, {"b": np.zeros(7, "int32")}):
        with pytest.raises(Undefined, match="another shape"):
            reference.run(given | wrong)


def test_a_local_buffer_of_symbolic_shape() -> None:
    func = parse(
        'A: T.Buffer((4,), "int32"), n: T.int32',
        'W = T.alloc_buffer((n, 2), "int32")\nW[n - 1, 1] = 3\nA[0] = W[1, 1]',
    )
    assert compile_function(func).run({"A": np.zeros(4, "int32"), "n": 2})["A"][0] == 3
    with pytest.raises(Undefined, match="uninitialized"):
        compile_function(func).run({"A": np.zeros(4, "int32"), "n": 3})
    with pytest.raises(Undefined, match="out of bounds"):
        compile_function(func).run({"A": np.zeros(4, "int32"), "n": 1})


def test_a_region_of_a_buffer_binds_strides_and_offset() -> None:
    func = parse(
        'A: T.Buffer((4, 4), "int32")',
        'for i in range(2):\n    with T.sblock("s"):\n        vi = T.axis.spatial(2, i)\n        s = T.int32()\n'
        "        B = T.match_buffer(A[vi * 2 : vi * 2 + 2, 1:3], (2, 2), 'int32', strides=[s, 1], offset_factor=1)\n"
        "        B[1, 0] = B[0, 1] + s * 100",
    )
    result = compile_function(func).run({"A": np.arange(16, dtype="int32").reshape(4, 4)})["A"]
    assert (result[1, 1], result[3, 1]) == (402, 410)
    assert result.sum() == sum(range(16)) - 5 - 13 + 402 + 410


def test_bfloat16_rounds_every_result() -> None:
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    a = adapter.buffer("A", "bfloat16", (3,))
    func = adapter.function([a], tirx.BufferStore(a, tirx.Add(a[0], a[1]), [number(2)]))
    result = compile_function(func).run({"A": np.array([256.0, 1.0, 0.0], bfloat16)})["A"]
    assert (result.dtype, float(result[2])) == (np.dtype(bfloat16), 256.0)


def test_a_view_of_a_parameter_with_elements_of_another_size_is_not_supported() -> None:
    a, bytes_ = adapter.buffer("A", "int32", (2,)), adapter.buffer("C", "int8", (8,))
    declared = tirx.DeclBuffer(bytes_, data=a.data)
    func = adapter.function([a], body(declared, tirx.BufferStore(bytes_, number(1, "int8"), [number(0)])))
    with pytest.raises(Unsupported, match="a view of int32 as int8"):
        compile_function(func)
