"""Repair: what a change leaves undefined is guarded, what was so before and has not changed is left alone."""

from typing import Any

import pytest

from tensorsmith.ir.tir import TirBuffer
from tensorsmith.mutators.tir.repair import repair
from tensorsmith.oracles.tir.interpreter import compile_function
from tensorsmith.oracles.tir.undefined import Undefined
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction

np = pytest.importorskip("numpy")
tvm = pytest.importorskip("tvm")

I32 = "int32"
BUFFERS = (TirBuffer("A", I32, (4,), -100, 100), TirBuffer("B", I32, (4,), -100, 100))


def number(value: int) -> Any:
    return tvm.tirx.IntImm(I32, value)


def function(value: Any = None, index: Any = None, kind: int = 0, extent: Any = 4) -> tuple[TirFunction, Any, Any, Any]:
    """for i in 4: B[i] = A[i], or with another value, index, kind or extent made from A, B and i."""
    tirx = tvm.tirx
    a, b, i = adapter.buffer("A", I32, (4,)), adapter.buffer("B", I32, (4,)), tirx.Var("i", I32)
    return _with(a, b, i, value, index, kind, extent), a, b, i


def _with(a: Any, b: Any, i: Any, value: Any, index: Any, kind: int, extent: Any) -> TirFunction:
    tirx = tvm.tirx
    stored = a[i] if value is None else value(a, b, i)
    at = i if index is None else index(a, b, i)
    body = tirx.For(i, 0, extent, kind, tirx.BufferStore(b, stored, [at]))
    return TirFunction(adapter.function([a, b], body), BUFFERS)


def repaired(**change: Any) -> TirFunction:
    """The plain function after a change, with guards."""
    before, a, b, i = function()
    everything = {"value": None, "index": None, "kind": 0, "extent": 4, **change}
    made = repair(before.with_body(_with(a, b, i, **everything).func.body), before)
    assert made is not None
    return TirFunction(adapter.with_parameters(made.func, [a, b]), BUFFERS)


def run(made: TirFunction, a: list[int]) -> list[int]:
    inputs = {"A": np.array(a, I32), "B": np.zeros(4, I32)}
    result: list[int] = compile_function(made.func).run(inputs)["B"].tolist()
    return result


def kinds(made: TirFunction) -> set[str]:
    return {tree.kind_of(node) for _, node in tree.walk(made.func.body)}


def test_what_is_defined_has_no_guard() -> None:
    made = repaired(value=lambda a, b, i: tvm.tirx.Sub(a[i], a[i]))
    assert kinds(made) <= {"For", "IntImm", "BufferStore", "Sub", "TensorLoad", "Var", "Min", "Max"}
    assert run(made, [1, 2, 3, 4]) == [0, 0, 0, 0]


def test_indices_come_into_bounds() -> None:
    made = repaired(index=lambda a, b, i: tvm.tirx.Mul(i, number(3)))
    assert "FloorMod" in kinds(made) or "Min" in kinds(made)
    run(made, [1, 2, 3, 4])


def test_divisors_are_not_zero() -> None:
    assert run(repaired(value=lambda a, b, i: tvm.tirx.FloorDiv(number(7), a[i])), [0, 1, 2, -1])[1:3] == [7, 3]


def test_products_do_not_overflow() -> None:
    big = 1 << 30
    made = repaired(value=lambda a, b, i: tvm.tirx.Mul(a[i], number(big)))
    run(made, [100, -100, 0, 1])


def test_values_stay_in_the_range_of_their_buffer() -> None:
    made = repaired(value=lambda a, b, i: tvm.tirx.Mul(a[i], number(5)))
    assert run(made, [100, -100, 3, 0]) == [100, -100, 15, 0]


def test_shifts_are_below_the_size_of_the_dtype() -> None:
    run(repaired(value=lambda a, b, i: tvm.tirx.LShift(a[i], a[i])), [100, -100, 3, 0])


def test_floats_go_to_integers_where_they_fit() -> None:
    half = tvm.tirx.FloatImm("float32", float("inf"))
    run(repaired(value=lambda a, b, i: tvm.tirx.Cast(I32, half)), [0, 0, 0, 0])


@pytest.mark.parametrize("kind", [1, 2])
def test_loops_whose_turns_depend_on_each_other_become_serial(kind: int) -> None:
    apart = repaired(kind=kind)
    assert int(apart.func.body.kind) == kind
    bound = repaired(kind=kind, value=lambda a, b, i: b[tvm.tirx.FloorMod(tvm.tirx.Add(i, number(1)), number(4))])
    assert int(bound.func.body.kind) == 0


def test_loops_turn_neither_too_often_nor_less_than_zero_times() -> None:
    made = repaired(extent=number(1 << 30), index=lambda a, b, i: number(0), value=lambda a, b, i: number(1))
    assert run(made, [0, 0, 0, 0]) == [1, 0, 0, 0]
    run(repaired(extent=number(-3)), [0, 0, 0, 0])


def test_local_buffers_are_written_before_they_are_read() -> None:
    tirx = tvm.tirx
    before, _, b, _ = function()
    w, j = adapter.buffer("W", I32, (4,)), tirx.Var("j", I32)
    reads = tirx.For(j, 0, 4, 0, tirx.BufferStore(b, w[j], [j]))
    changed = before.with_body(tirx.SeqStmt([tirx.AllocBuffer(w), reads]))
    with pytest.raises(Undefined, match="uninitialized"):
        run(changed, [1, 2, 3, 4])
    made = repair(changed, before)
    assert made is not None
    assert len(set(run(made, [1, 2, 3, 4]))) == 1


def test_what_was_not_shown_to_be_defined_before_is_left_alone() -> None:
    tirx = tvm.tirx
    before, a, _, i = function(value=lambda a, b, i: a[tvm.tirx.Sub(a[i], number(97))])
    old = before.func.body.body
    more = tirx.BufferStore(old.buffer, number(3), [number(0)])
    loop = tirx.For(i, 0, 4, 0, tirx.SeqStmt([old, more]))
    made = repair(before.with_body(loop), before)
    assert made is not None
    assert made.func.body.body.seq[0].same_as(old)
    assert a is not None


def test_no_change_is_none() -> None:
    before = function()[0]
    assert repair(before, before) is None
