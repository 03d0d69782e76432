"""Each reduction of TIR alone: what it leaves of a function, and that it goes on from what was taken."""

from __future__ import annotations

import pytest

pytest.importorskip("tvm")

from tensorsmith.ir.tir import TirBuffer
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.triage.tir.reductions.attributes import fewer_attributes
from tensorsmith.triage.tir.reductions.buffers import fewer_buffers
from tensorsmith.triage.tir.reductions.constants import simpler_constants, simpler_floats, simpler_integers
from tensorsmith.triage.tir.reductions.dtypes import common_dtypes
from tensorsmith.triage.tir.reductions.expressions import smaller_expressions
from tensorsmith.triage.tir.reductions.hoist import hoisted
from tensorsmith.triage.tir.reductions.inline import inlined
from tensorsmith.triage.tir.reductions.loops import plainer_loops
from tensorsmith.triage.tir.reductions.names import plain_names
from tensorsmith.triage.tir.reductions.parameters import fewer_parameters
from tensorsmith.triage.tir.reductions.shapes import smaller_shapes
from tensorsmith.triage.tir.reductions.statements import fewer_statements
from tensorsmith.triage.tir.reductions.views import fewer_views
from tests.triage.tir.functions import function, has, kinds, reduced, text


def always(made: TirFunction) -> bool:
    return True


def test_statements_that_nothing_needs_go() -> None:
    made = function(
        'A: T.Buffer((8,), "int32")',
        "for i in range(8):\n    A[i] = 1\n    A[i] = A[i] // 3\n    A[i] = 2\nA[0] = 3\nA[1] = 4\nA[2] = 5",
    )
    left = reduced(made, fewer_statements, has("FloorDiv"))
    assert text(left).splitlines()[1:] == ["    for i in range(8):", "        A[i] = A[i] // 3"]


def test_what_a_later_statement_needs_stays() -> None:
    made = function('A: T.Buffer((8,), "int32")', "A[1] = 4\nx: T.let[T.int32] = A[0]\nA[2] = 5\nA[3] = x // 3")
    assert kinds(reduced(made, fewer_statements, has("FloorDiv"))).count("Bind") == 1


def test_a_turn_of_a_loop_and_a_branch_take_the_place_of_both() -> None:
    made = function(
        'A: T.Buffer((8,), "int32")',
        "for i in range(8):\n    if A[i] > 2:\n        A[i] = A[i] // 3\n    else:\n        A[i] = 0",
    )
    left = reduced(made, hoisted, has("FloorDiv"))
    assert text(left).splitlines()[1:] == ["    A[0] = A[0] // 3"]


def test_a_loop_whose_last_turn_matters_becomes_that_turn() -> None:
    made = function('A: T.Buffer((8,), "int32")', "for i in range(8):\n    A[i] = i")
    left = reduced(made, hoisted, lambda one: "For" in kinds(one) or "A[7]" in text(one))
    assert text(left).splitlines()[1:] == ["    A[7] = 7"]


def test_blocks_give_way_to_what_is_in_them() -> None:
    made = function(
        'A: T.Buffer((8,), "int32")',
        'for i in range(8):\n    with T.sblock("b"):\n        v = T.axis.spatial(8, i)\n        A[v] = v // 3',
    )
    assert "SBlockRealize" not in kinds(reduced(made, hoisted, has("FloorDiv", "For")))


def test_loops_become_serial_and_short_and_start_at_zero() -> None:
    made = function(
        'A: T.Buffer((32,), "int32")', "for i in range(2, 20, 3):\n    A[i] = 1\nfor j in T.parallel(8):\n    A[j] = 1"
    )
    left = reduced(made, plainer_loops, always)
    assert text(left).count("in range(1)") == 2


def test_a_buffer_goes_with_all_that_is_done_with_it() -> None:
    made = function(
        'A: T.Buffer((8,), "int32")',
        'W = T.alloc_buffer((4,), "int32")\nfor i in range(4):\n    W[i] = A[i]\nA[0] = W[2] // 3',
    )
    left = reduced(made, fewer_buffers, has("FloorDiv"))
    assert "AllocBuffer" not in kinds(left)
    assert "TensorLoad" not in kinds(left)


def test_views_merge_with_what_they_are_of() -> None:
    made = function('A: T.Buffer((4, 2), "int32")', "B = A.view(8)\nB[3] = B[4] // 3")
    left = reduced(made, fewer_views, has("FloorDiv"))
    assert text(left).splitlines() == ['def main(A: T.Buffer((8,), "int32")):', "    A[3] = A[4] // 3"]
    assert left.buffers[0].shape == (8,)


def test_expressions_shrink_to_operands_constants_and_variables() -> None:
    made = function(
        'A: T.Buffer((8,), "int32"), n: T.int32',
        "for i in range(8):\n    A[i] = T.max((A[i] + 5) * n, A[7 - i] % 4 + 1) // 3",
    )
    left = reduced(made, smaller_expressions, has("Max", "For"))
    assert text(left).splitlines()[2:] == ["        A[0] = T.max(0, 0)"]


def test_variables_give_way_to_their_values() -> None:
    made = function('A: T.Buffer((8,), "int32")', "x: T.let[T.int32] = A[0] // 3\nA[1] = x + x")
    left = reduced(made, inlined, has("FloorDiv"))
    assert text(left).splitlines()[1:] == ["    A[1] = A[0] // 3 + A[0] // 3"]


def test_unused_parameters_go_and_scalars_become_constants() -> None:
    made = function(
        'A: T.Buffer((8,), "int32"), B: T.Buffer((4,), "float32"), n: T.int32, m: T.int32', "A[0] = A[n] // 3"
    )
    left = reduced(made, fewer_parameters, has("FloorDiv"))
    assert text(left).splitlines() == ['def main(A: T.Buffer((8,), "int32")):', "    A[0] = A[0] // 3"]
    assert (len(left.buffers), left.scalars) == (1, ())


def test_one_buffer_stays_where_nothing_is_used() -> None:
    made = function('A: T.Buffer((8,), "int32"), B: T.Buffer((8,), "int32")', "T.evaluate(0)")
    assert len(reduced(made, fewer_parameters, always).buffers) == 1


def test_equal_sizes_and_extents_shrink_together() -> None:
    made = function(
        'A: T.Buffer((8, 1, 8), "int32"), B: T.Buffer((8,), "int32")',
        "for i in range(8):\n    A[i, 0, i] = B[i]",
    )

    def in_bounds(one: TirFunction) -> bool:
        extents = {line for line in text(one).splitlines() if "range(" in line}
        sizes = {size for buffer in one.buffers for size in buffer.shape if size > 1}
        return all(f"range({size})" in "".join(extents) for size in sizes)

    left = reduced(made, smaller_shapes, in_bounds)
    assert [buffer.shape for buffer in left.buffers] == [(1,), (1,)]


def test_dtypes_become_common() -> None:
    made = function(
        'A: T.Buffer((8,), "int64"), B: T.Buffer((8,), "float16"), n: T.uint8',
        'for i in range(T.int64(8)):\n    A[i] = A[i] // T.int64(3) + T.Cast("int64", n)\n'
        "    B[i] = T.exp(B[i] * T.float16(0.5))",
    )
    left = reduced(made, common_dtypes, has("FloorDiv", "Call"))
    assert {buffer.dtype for buffer in left.buffers} <= {"int32", "float32"}
    assert left.scalars[0].dtype == "int32"
    assert "64" not in text(left)
    assert "Cast" not in kinds(left)


def test_bounds_of_values_follow_the_dtype() -> None:
    made = function('A: T.Buffer((8,), "uint64")', "A[0] = A[0] // T.uint64(3)")
    wide = TirFunction(made.func, (TirBuffer("A", "uint64", (8,), 0, 2**64 - 1),))
    assert reduced(wide, common_dtypes, always).buffers == (TirBuffer("A", "int32", (8,), 0, 2**31 - 1),)


def test_constants_become_small() -> None:
    made = function(
        'A: T.Buffer((8,), "int32"), B: T.Buffer((8,), "float32")',
        "A[5] = T.max(A[3], 1234)\nB[3] = B[2] + T.float32(-3.25)",
    )
    left = reduced(made, simpler_constants, has("Max"))
    assert text(left).splitlines()[1:] == ["    A[0] = T.max(A[0], 0)", "    B[0] = T.Add(B[0], T.float32(0.0))"]


@pytest.mark.parametrize("least", [3, 17, 1000, 2**30 - 1, 2**40 + 1])
def test_the_least_constant_that_fails_is_found_in_few_steps(least: int) -> None:
    made = function('A: T.Buffer((8,), "int64")', f"A[0] = A[0] // T.int64({2**50 + 12345})")

    def fails(one: TirFunction) -> bool:
        divisor = one.func.body.value.b
        return int(getattr(divisor, "value", 0)) >= least

    tried = 0

    def counted(one: TirFunction) -> bool:
        nonlocal tried
        tried += 1
        return fails(one)

    assert int(reduced(made, simpler_constants, counted).func.body.value.b.value) == least
    assert tried < 1500


def test_simpler_numbers_are_simpler() -> None:
    assert list(simpler_integers(0)) == []
    assert list(simpler_integers(1)) == [0]
    assert 1 in simpler_integers(-1)
    assert list(simpler_floats(0.0)) == []
    assert list(simpler_floats(float("nan"))) == [0.0, 1.0, 2.0]
    assert list(simpler_floats(-3.25)) == [0.0, 1.0, 2.0, -3.0]


def test_attributes_go_but_not_the_name() -> None:
    made = function('A: T.Buffer((8,), "int32")', "A[0] = 1")
    marked = TirFunction(made.func.with_attr({"tirx.noalias": True}), made.buffers)
    left = reduced(marked, fewer_attributes, always)
    assert sorted(dict(left.func.attrs)) == ["global_symbol", "s_tir"]


def test_names_become_plain() -> None:
    made = function(
        'B17: T.Buffer((8,), "int32"), n9: T.int32',
        'W3 = T.alloc_buffer((8,), "int32")\nfor i12 in range(8):\n    x4: T.let[T.int32] = n9 + i12\n'
        "    W3[i12] = x4\n    B17[i12] = W3[i12]",
    )
    left = reduced(made, plain_names, always)
    assert text(left).splitlines()[0] == 'def main(A: T.Buffer((8,), "int32"), n: T.int32):'
    assert [buffer.name for buffer in left.buffers] == ["A"]
    assert [scalar.name for scalar in left.scalars] == ["n"]
    assert "B[i] = x" in text(left)
    assert adapter.equal(left.func, made.func)
