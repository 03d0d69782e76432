"""The reference on vector expressions: results computed by hand."""

from typing import Any

import numpy as np
import pytest

from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tensorsmith.targets.tvm import adapter
from tests.oracles.tir.tvm_scripts import parse

tvm = pytest.importorskip("tvm")
tirx = adapter.tvm().tirx
A = adapter.buffer("A", "int32", (8,))
I32 = {number: tirx.IntImm("int32", number) for number in range(-9, 20)}


def after(*statements: Any, size: int = 8) -> list[int]:
    """The buffer A of int32, at first 0, 1, 2, ..., after the statements."""
    body = statements[0] if len(statements) == 1 else tirx.SeqStmt(list(statements))
    result = compile_function(adapter.function([A], body)).run({"A": np.arange(size, dtype="int32")})
    values: list[int] = result["A"].tolist()
    return values


def ramp(base: int, stride: int, lanes: int) -> Any:
    return tirx.Ramp(I32[base], I32[stride], lanes)


def spread(number: int, lanes: int = 4) -> Any:
    return tirx.Broadcast(I32[number], lanes)


def test_a_ramp_of_indices_loads_and_stores_lanes() -> None:
    store = tirx.BufferStore(A, tirx.Add(A[ramp(4, 1, 4)], spread(10)), [ramp(6, -2, 4)])
    assert after(store) == [17, 1, 16, 3, 15, 5, 14, 7]


def test_every_lane_is_read_before_one_is_written() -> None:
    assert after(tirx.BufferStore(A, A[ramp(0, 1, 7)], [ramp(1, 1, 7)])) == [0, 0, 1, 2, 3, 4, 5, 6]


def test_a_vector_of_indices_gathers() -> None:
    store = tirx.BufferStore(A, A[A[ramp(7, -2, 4)]], [ramp(0, 1, 4)])
    assert after(store) == [7, 5, 3, 1, 4, 5, 6, 7]


def test_lanes_are_compared_and_selected() -> None:
    condition = tirx.And(tirx.GT(ramp(0, 1, 4), spread(0)), tirx.Not(tirx.EQ(ramp(0, 1, 4), spread(2))))
    store = tirx.BufferStore(A, tirx.Select(condition, spread(9), spread(-1)), [ramp(0, 1, 4)])
    assert after(store) == [-1, 9, -1, 9, 4, 5, 6, 7]


def test_a_scalar_condition_chooses_a_vector() -> None:
    chosen = tirx.if_then_else(tirx.EQ(A[1], I32[1]), ramp(4, -1, 4), spread(0))
    assert after(tirx.BufferStore(A, chosen, [ramp(0, 1, 4)]))[:4] == [4, 3, 2, 1]


def test_a_cast_keeps_lanes() -> None:
    narrow = tirx.Cast("int8x4", tirx.Mul(ramp(0, 1, 4), tirx.Broadcast(tirx.IntImm("int32", 100), 4)))
    assert after(tirx.BufferStore(A, tirx.Cast("int32x4", narrow), [ramp(0, 1, 4)]))[:4] == [0, 100, -56, 44]


def test_a_shuffle_picks_lanes_of_several_vectors() -> None:
    picked = tirx.Shuffle([ramp(0, 1, 2), spread(9, 2)], [I32[3], I32[1], I32[0], I32[2]])
    assert after(tirx.BufferStore(A, picked, [ramp(0, 1, 4)]))[:4] == [9, 1, 0, 9]


def test_a_shuffle_of_scalars_is_a_vector() -> None:
    joined = tirx.Shuffle([A[7], A[0], A[6]], [I32[0], I32[1], I32[2]])
    assert after(tirx.BufferStore(A, joined, [ramp(1, 1, 3)]))[:4] == [0, 7, 0, 6]


def test_a_shuffle_to_one_lane_is_a_scalar() -> None:
    assert after(tirx.BufferStore(A, tirx.Shuffle([ramp(5, 2, 4)], [I32[2]]), [I32[0]]))[0] == 9


def test_a_vector_variable_keeps_its_lanes() -> None:
    x = tirx.Var("x", "int32x4")
    store = tirx.BufferStore(A, tirx.Mul(x, x), [ramp(0, 1, 4)])
    assert after(tirx.Bind(x, A[ramp(4, 1, 4)]), store)[:4] == [16, 25, 36, 49]


def test_let_of_a_vector() -> None:
    x = tirx.Var("x", "int32x4")
    let = tirx.Let(x, A[ramp(4, 1, 4)], tirx.Sub(x, spread(4)))
    assert after(tirx.BufferStore(A, let, [ramp(4, 1, 4)]))[4:] == [0, 1, 2, 3]


def test_functions_of_vectors() -> None:
    root = tirx.sqrt(tirx.Cast("float32x4", tirx.Mul(ramp(0, 1, 4), ramp(0, 1, 4))))
    assert after(tirx.BufferStore(A, tirx.Cast("int32x4", root), [ramp(4, 1, 4)]))[4:] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("value", "index", "reason"),
    [
        (spread(0), ramp(5, 1, 4), "out of bounds"),
        (tirx.FloorDiv(spread(7), ramp(0, 1, 4)), ramp(0, 1, 4), "division by zero"),
        (tirx.Add(tirx.Broadcast(tirx.IntImm("int32", (1 << 31) - 3), 4), ramp(0, 1, 4)), ramp(0, 1, 4), "overflow"),
    ],
)
def test_one_lane_is_enough_to_be_undefined(value: Any, index: Any, reason: str) -> None:
    with pytest.raises(Undefined, match=reason):
        after(tirx.BufferStore(A, value, [index]))


def test_vectors_in_two_dimensions_are_not_supported() -> None:
    func = parse('B: T.Buffer((4, 4), "int32")', "for i in T.vectorized(4):\n    B[i, i] = 0")
    made = tvm.tirx.transform.VectorizeLoop()(adapter.module(func))[adapter.ENTRY]
    with pytest.raises(Unsupported, match="indices of other lanes"):
        compile_function(made)
