"""Forward and backward insertion, one operator at a time."""

from __future__ import annotations

import random

import pytest

from tensorsmith.generators.backward import PRODUCERS, insert_backward, written_inputs
from tensorsmith.generators.draft import Draft
from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.insert import insert_forward
from tensorsmith.generators.random_graphs import Selection, default_selection
from tensorsmith.generators.table import entry_of, load_table
from tensorsmith.generators.wanted import main_dtype_for
from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Node, Ref, TensorType, refs
from tensorsmith.ir.operators import written_arguments
from tensorsmith.ir.recipe import Drawn


def draft_with(*types: TensorType) -> Draft:
    draft = Draft(EagerBuilder())
    for position, type_ in enumerate(types):
        draft.input(type_, Drawn("normal", position))
    return draft


def last(draft: Draft) -> Node:
    return draft.builder.nodes[-1]


@pytest.mark.parametrize(
    "op", ["aten.mul.Tensor", "aten.sum.dim_IntList", "aten.transpose.int", "aten.mul_.Scalar", "aten.matmul.default"]
)
def test_forward_insertion_reads_values_that_are_there(op: str) -> None:
    reads = 0
    for seed in range(20):
        draft = draft_with(TensorType("f32", (4, 7)), TensorType("f32", (7, 3)))
        results = insert_forward(draft, random.Random(seed), entry_of(op))
        assert results is not None
        assert last(draft).op == op
        assert results == last(draft).results
        reads += any(ref in (0, 1) for node in draft.builder.nodes for ref in refs(node))
    assert reads >= 10


def test_forward_insertion_varies_arguments() -> None:
    seen = set()
    for seed in range(40):
        draft = draft_with(TensorType("f32", (4, 7, 3)))
        insert_forward(draft, random.Random(seed), entry_of("aten.sum.dim_IntList"))
        seen.add((last(draft).args[1:], last(draft).kwargs))
    assert len(seen) > 15


def test_in_place_operators_write_to_values_that_may_be_written() -> None:
    for seed in range(30):
        draft = draft_with(TensorType("f32", (4, 7), (0, 1)))  # expanded: one element for all rows
        results = insert_forward(draft, random.Random(seed), entry_of("aten.add_.Tensor"))
        assert results is not None
        assert last(draft).args[0] != Ref(0)


@pytest.mark.parametrize("op", ["aten.gather.default", "aten.index_select.default", "aten.take.default"])
def test_indices_are_in_range(op: str) -> None:
    for seed in range(25):
        draft = draft_with(TensorType("f32", (5, 3)), TensorType("f32", (1, 8)))
        if insert_forward(draft, random.Random(seed), entry_of(op)) is None:
            continue
        node = last(draft)
        source = draft.type(next(refs(node)))
        index = list(refs(node))[-1]
        values = draft.values[index]
        assert isinstance(values, Drawn)
        assert values.kind == "index"
        if op == "aten.take.default":
            bound = source.numel
        else:
            dim = node.args[1]
            assert isinstance(dim, int)
            bound = source.shape[dim] if source.shape else 1
        assert values.high <= bound or draft.type(index).numel == 0
        assert not draft.writable(index)


def test_writes_through_an_index_do_not_repeat() -> None:
    kinds = set()
    for seed in range(25):
        draft = draft_with(TensorType("f32", (5, 3)))
        if insert_forward(draft, random.Random(seed), entry_of("aten.index_copy.default")) is not None:
            index = last(draft).args[2]
            assert isinstance(index, Ref)
            values = draft.values[index.id]
            assert isinstance(values, Drawn)
            kinds.add(values.kind)
            assert draft.type(index.id).numel <= values.high
            assert not draft.writable(index.id)
    assert kinds == {"permutation"}


def test_whole_divisors_are_not_zero() -> None:
    guarded = 0
    for seed in range(30):
        draft = draft_with(TensorType("i32", (4, 7)))
        assert insert_forward(draft, random.Random(seed), entry_of("aten.floor_divide.default")) is not None
        node = last(draft)
        divisor = list(refs(node))[1]
        if draft.type(divisor).dtype in ("f16", "bf16", "f32", "f64") or draft.type(next(refs(node))).dtype != "i32":
            continue
        before = [n for n in draft.builder.nodes if divisor in n.results]
        values = draft.values.get(divisor)
        assert [n.op for n in before] == ["aten.add.Scalar"] or (isinstance(values, Drawn) and values.kind == "ones")
        guarded += 1
    assert guarded > 5


def insert_and_stop(draft: Draft) -> None:
    with draft.attempt():
        draft.fresh(random.Random(0), "f32", (3,))
        draft.call("aten.relu.default", (Ref(0),))
        raise GraphError("stopped")


def test_a_failed_insertion_leaves_the_draft_as_it_was() -> None:
    draft = draft_with(TensorType("f32", (4, 7)))
    with pytest.raises(GraphError, match="stopped"):
        insert_and_stop(draft)
    assert draft.builder.nodes == []
    assert [i.id for i in draft.builder.inputs] == [0]
    assert draft.alive == [0]


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize(
    "wanted",
    [TensorType("f32", (4, 7)), TensorType("i64", (3,)), TensorType("bool", (2, 1, 5)), TensorType("f16", ())],
)
def test_backward_insertion_produces_what_is_wanted(wanted: TensorType, eager: bool) -> None:
    operators = set()
    for seed in range(25):
        draft = Draft(EagerBuilder() if eager else GraphBuilder())
        found = insert_backward(draft, random.Random(seed), wanted, default_selection())
        if found is None:
            continue
        assert (draft.type(found).dtype, draft.type(found).shape) == (wanted.dtype, wanted.shape)
        assert found in last(draft).results
        operators.add(last(draft).op)
    assert len(operators) > 5


def test_backward_insertion_can_be_asked_for_something_that_may_be_written() -> None:
    for seed in range(40):
        draft = draft_with(TensorType("f32", (1, 7)))
        found = insert_backward(
            draft, random.Random(seed), TensorType("f32", (4, 7)), default_selection(), writable=True
        )
        assert found is None or draft.writable(found)


@pytest.mark.parametrize("producer", PRODUCERS, ids=lambda p: p.__name__)
def test_every_rule_produces_its_type(producer: object) -> None:
    assert callable(producer)
    wanted = TensorType("f32", (4, 6))
    made = 0
    for seed in range(8):
        draft = draft_with(wanted)
        try:
            found = producer(draft, random.Random(seed), wanted)
        except GraphError:
            continue
        made += (draft.type(found).dtype, draft.type(found).shape) == ("f32", (4, 6))
    assert made >= 4


def test_operators_weighted_to_zero_are_not_drawn() -> None:
    rng = random.Random(0)
    table = [entry_of("aten.add.Tensor"), entry_of("aten.mul.Tensor"), entry_of("aten.sum.default")]
    selection = Selection(table, {"aten.add.Tensor": 0.0})
    assert {selection.draw(rng).op for _ in range(100)} == {"aten.mul.Tensor", "aten.sum.default"}


def test_selection_from_nothing_says_so() -> None:
    with pytest.raises(GraphError, match="weight 0"):
        Selection(load_table(), {e.op: 0.0 for e in load_table()}).draw(random.Random(0))


def test_groups_do_not_drown_each_other() -> None:
    rng = random.Random(0)
    drawn = [default_selection().draw(rng) for _ in range(2000)]
    for group in ("reduction", "view", "in-place", "nn", "indexing"):
        assert sum(e.group == group for e in drawn) > 100


def test_written_inputs_are_found_through_views() -> None:
    builder = GraphBuilder()
    a, b = (builder.input(TensorType("f32", (3, 4))) for _ in range(2))
    (view,) = builder.call("aten.select.int", (Ref(a), 0, 1))
    (copy,) = builder.call("aten.add.Tensor", (Ref(b), Ref(b)))
    for target in (view, copy):
        builder.call("aten.mul_.Scalar", (Ref(target), 2))
    assert written_arguments("aten.mul_.Scalar")
    assert written_inputs(builder.build([copy])) == {a}


@pytest.mark.parametrize("op", ["aten.unflatten.int", "aten.split.sizes"])
def test_lists_of_sizes_follow_the_size_that_they_divide(op: str) -> None:
    seen = set()
    for seed in range(30):
        draft = draft_with(TensorType("f32", (6, 5)), TensorType("f32", (12, 4, 9)), TensorType("f32", (0, 7)))
        assert insert_forward(draft, random.Random(seed), entry_of(op)) is not None
        seen.add(last(draft).args[1:])
    assert len(seen) > 15


def test_none_is_given_where_there_is_no_default() -> None:
    modes = set()
    for seed in range(40):
        draft = draft_with(TensorType("f32", (6, 5)))
        assert insert_forward(draft, random.Random(seed), entry_of("aten.div.Tensor_mode")) is not None
        modes.add(dict(last(draft).kwargs)["rounding_mode"])
    assert modes == {None, "floor", "trunc"}


def test_values_apart_from_what_is_written_are_read() -> None:
    read = 0
    for seed in range(60):
        draft = draft_with(TensorType("f32", (8,)))
        draft.input(TensorType("f32", (4,)), draft.values[0], shares=0)
        draft.input(TensorType("f32", (4,), offset=4), draft.values[0], shares=0)
        insert_forward(draft, random.Random(seed), entry_of("aten.mul_.Tensor"))
        read += sorted(refs(last(draft))) == [1, 2]
    assert read > 3


@pytest.mark.parametrize(
    ("op", "wanted", "main"),
    [
        ("aten.add.Tensor", "i64", "i64"),
        ("aten.exp.default", "f16", "f16"),
        ("aten.exp.default", "i64", None),
        ("aten.eq.Scalar", "bool", "bool"),
        ("aten.argmax.default", "i64", "i64"),
        ("aten.amax.default", "u8", "u8"),
        ("aten.gather.default", "i8", "i8"),
    ],
)
def test_what_an_operator_takes_to_give_a_dtype(op: str, wanted: DType, main: DType | None) -> None:
    assert main_dtype_for(entry_of(op), wanted) == main
