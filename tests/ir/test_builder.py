"""What the builder refuses, and what it must not refuse."""

from __future__ import annotations

import pytest

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import GraphError, InvalidInputError
from tensorsmith.ir.graph import DTypeArg, Ref, TensorType
from tensorsmith.ir.recipe import Drawn

F8 = TensorType("f32", (8,))


def halves(builder: GraphBuilder, x: int, start: int, end: int) -> int:
    return builder.call("aten.slice.Tensor", (Ref(x), 0, start, end))[0]


def test_types_of_results_are_computed() -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (4, 8)))
    (y,) = builder.call("aten.transpose.int", (Ref(x), 0, 1))
    values, indices = builder.call("aten.max.dim", (Ref(y), 1, True))
    assert builder.types[y] == TensorType("f32", (8, 4), (1, 8))
    assert builder.types[values] == TensorType("f32", (8, 1))
    assert builder.types[indices] == TensorType("i64", (8, 1))
    assert builder.storage(y) == builder.storage(x) != builder.storage(values)


def test_unknown_operator_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"unknown operator `aten\.nope\.default`"):
        GraphBuilder().call("aten.nope.default", ())


def test_ill_typed_call_is_rejected_and_leaves_the_builder_as_it_was() -> None:
    builder = GraphBuilder()
    x, y = builder.input(TensorType("f32", (2, 3))), builder.input(TensorType("f32", (4, 5)))
    with pytest.raises(GraphError, match=r"aten\.mm\.default rejects its arguments"):
        builder.call("aten.mm.default", (Ref(x), Ref(y)))
    assert list(builder.types) == [x, y]
    assert builder.nodes == []


def test_write_to_a_constant_is_rejected_through_a_view_too() -> None:
    builder = GraphBuilder()
    constant = builder.constant(F8, Drawn("normal", 0))
    view = halves(builder, constant, 0, 4)
    for target in (constant, view):
        with pytest.raises(GraphError, match="constant or has elements stored twice"):
            builder.call("aten.add_.Scalar", (Ref(target), 1))


def test_write_to_an_expanded_tensor_is_rejected() -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (4,)))
    (wide,) = builder.call("aten.expand.default", (Ref(x), (3, 4)))
    with pytest.raises(GraphError, match="elements stored twice"):
        builder.call("aten.add_.Scalar", (Ref(wide), 1))


def test_copy_onto_a_shifted_self_is_rejected_and_onto_a_disjoint_part_accepted() -> None:
    builder = GraphBuilder()
    x = builder.input(F8)
    low, high, shifted = (halves(builder, x, s, s + 4) for s in (0, 4, 1))
    with pytest.raises(GraphError, match=f"writes to %{low}, which overlaps its argument %{shifted}"):
        builder.call("aten.copy_.default", (Ref(low), Ref(shifted)))
    assert builder.call("aten.copy_.default", (Ref(low), Ref(high)))


def test_shared_inputs_count_as_one_memory() -> None:
    builder = GraphBuilder()
    x = builder.input(F8)
    low = builder.input(TensorType("f32", (4,)), shares=x)
    shifted = builder.input(TensorType("f32", (4,), offset=1), shares=low)
    assert builder.inputs[2].shares == x
    with pytest.raises(GraphError, match="overlaps"):
        builder.call("aten.copy_.default", (Ref(low), Ref(shifted)))


def test_views_of_other_dtypes_count_as_overlapping() -> None:
    builder = GraphBuilder()
    x = builder.input(F8)
    (doubles,) = builder.call("aten.view.dtype", (Ref(x), DTypeArg("f64")))
    upper = builder.call("aten.slice.Tensor", (Ref(doubles), 0, 2, 4))[0]  # the memory of x[4:8]
    target = halves(builder, x, 4, 6)
    (same_length,) = builder.call("aten._to_copy.default", (Ref(upper),))
    assert builder.call("aten.copy_.default", (Ref(target), Ref(same_length)))
    with pytest.raises(GraphError, match="overlaps"):
        builder.call("aten.copy_.default", (Ref(target), Ref(upper)))


def test_pointwise_write_may_read_its_own_target_at_the_same_place_only() -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (3, 3)))
    (turned,) = builder.call("aten.transpose.int", (Ref(x), 0, 1))
    assert builder.call("aten.add_.Tensor", (Ref(x), Ref(x)))
    with pytest.raises(GraphError, match="overlaps"):
        builder.call("aten.add_.Tensor", (Ref(x), Ref(turned)))


def test_operator_that_changes_metadata_is_rejected() -> None:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (2, 3)))
    with pytest.raises(GraphError, match=r"aten\.t_\.default changes the shape"):
        builder.call("aten.t_.default", (Ref(x),))


@pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")
def test_out_argument_that_would_be_resized_is_rejected_and_unchanged() -> None:
    builder = GraphBuilder()
    x, out = builder.input(TensorType("f32", (2, 3))), builder.input(TensorType("f32", (2,)))
    with pytest.raises(GraphError, match=f"changed the type of %{out}"):
        builder.call("aten.add.out", (Ref(x), Ref(x)), (("out", Ref(out)),))
    (copy,) = builder.call("aten.clone.default", (Ref(out),))
    assert builder.types[copy] == TensorType("f32", (2,))


def test_result_behind_none_is_rejected() -> None:
    builder = GraphBuilder()
    x, w = builder.input(TensorType("f32", (1, 2, 4))), builder.input(TensorType("f32", (3, 2, 1)))
    g = builder.input(TensorType("f32", (1, 3, 4)))
    one, zero = (1,), (0,)
    with pytest.raises(GraphError, match="returns None, a number or a list before a tensor"):
        builder.call(
            "aten.convolution_backward.default",
            (Ref(g), Ref(x), Ref(w), (3,), one, zero, one, False, zero, 1, (False, True, True)),
        )


def test_infinite_number_that_json_cannot_hold_is_rejected() -> None:
    builder = GraphBuilder()
    x = builder.input(F8)
    with pytest.raises(GraphError, match="SpecialFloat"):
        builder.call("aten.add.Scalar", (Ref(x), float("inf")))


@pytest.mark.parametrize(
    "type_",
    [
        TensorType("f32", (-1,)),
        TensorType("f32", (2, 2), (1,)),
        TensorType("f32", (2**40, 2**40)),
        TensorType("f32", offset=-1),
    ],
)
def test_impossible_input_is_rejected(type_: TensorType) -> None:
    with pytest.raises(GraphError, match="no tensor can have the type"):
        GraphBuilder().input(type_)


@pytest.mark.parametrize(
    ("type_", "message"),
    [
        (TensorType("f32", (9,)), "too small"),
        (TensorType("i32", (4,)), "cannot share"),
    ],
)
def test_input_that_does_not_fit_into_shared_storage_is_rejected(type_: TensorType, message: str) -> None:
    builder = GraphBuilder()
    x = builder.input(F8)
    with pytest.raises(GraphError, match=message):
        builder.input(type_, shares=x)


def test_outputs_must_exist() -> None:
    builder = GraphBuilder()
    x = builder.input(F8)
    with pytest.raises(GraphError, match="at least one value"):
        builder.build([])
    with pytest.raises(GraphError, match="output %7 is not a value"):
        builder.build([x, 7])
