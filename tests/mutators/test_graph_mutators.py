"""Each mutator of graphs does what its name says."""

import random

import pytest

from tensorsmith.ir.graph import Graph, Ref, refs
from tensorsmith.ir.memory import memory_groups
from tensorsmith.ir.operators import is_view, written_arguments
from tensorsmith.ir.recipe import Drawn, Literals
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.change_argument import change_argument
from tensorsmith.mutators.change_dtype import change_dtype
from tensorsmith.mutators.change_layout import change_layout
from tensorsmith.mutators.change_shape import change_shape, resized
from tensorsmith.mutators.change_values import change_values
from tensorsmith.mutators.delete import delete
from tensorsmith.mutators.insert import insert
from tensorsmith.mutators.replace import replace
from tensorsmith.mutators.splice import splice
from tensorsmith.mutators.write_in_place import write_in_place
from tests.mutators.programs import case_of, many, run

CHAIN = """
inputs:
  %0: f32[4, 6]
nodes:
  %1: f32[4, 6] = aten.sin.default(%0)
  %2: f32[4, 6] = aten.exp.default(%1)
  %3: f32[4, 6] = aten.neg.default(%2)
outputs: %3
"""

GATHER = """
inputs:
  %0: f32[5, 3]
  %1: i64[4]
nodes:
  %2: f32[4, 3] = aten.index_select.default(%0, 0, %1)
  %3: f32[4] = aten.sum.dim_IntList(%2, [1])
outputs: %3
"""

VIEWED = """
inputs:
  %0: f32[4, 6]
  %1: f32[6, 3]
nodes:
  %2: f32[4, 3] = aten.mm.default(%0, %1)
  %3: f32[12] = aten.view.default(%2, [12])
outputs: %3
"""

EMPTY = """
inputs:
  %0: f32[]
outputs: %0
"""


def gather() -> TestCase:
    return case_of(GATHER, Drawn("normal", 1), Drawn("index", 2, 5))


def written(graph: Graph) -> list[int]:
    return [position for position, node in enumerate(graph.nodes) if written_arguments(node.op)]


def test_insert_adds_a_call_and_keeps_the_others() -> None:
    chain = case_of(CHAIN)
    kept = 0
    for mutant in many(insert, chain):
        operators = mutant.graph.operators()
        kept += {"aten.sin.default", "aten.exp.default", "aten.neg.default"} < set(operators)
        assert len(operators) >= 1
    assert kept >= 10


def test_insert_rewires_later_calls() -> None:
    rewired = 0
    for mutant in many(insert, case_of(CHAIN), seeds=range(160)):
        definers = {r: node.op for node in mutant.graph.nodes for r in node.results}
        negs = [node for node in mutant.graph.nodes if node.op == "aten.neg.default"]
        rewired += any(definers.get(r) != "aten.exp.default" for node in negs for r in refs(node))
    assert rewired >= 3


def test_delete_removes_a_call_and_rewires_its_users_to_its_operand() -> None:
    deleted = many(delete, case_of(CHAIN))
    assert all(len(mutant.graph.nodes) == 2 for mutant in deleted)
    assert {mutant.graph.operators() for mutant in deleted} == {
        ("aten.exp.default", "aten.neg.default"),
        ("aten.sin.default", "aten.neg.default"),
        ("aten.sin.default", "aten.exp.default"),
    }
    assert all(len(mutant.graph.inputs) == 1 for mutant in deleted)


def test_delete_gives_a_new_input_where_nothing_has_the_type() -> None:
    mutants = [m for m in many(delete, gather()) if m.graph.operators() == ("aten.sum.dim_IntList",)]
    assert mutants
    assert all([i.type.shape for i in m.graph.inputs] == [(4, 3)] for m in mutants)


def test_replace_keeps_the_arguments_and_changes_the_operator() -> None:
    operators = set()
    for mutant in many(replace, case_of(CHAIN)):
        assert mutant.graph.operators() != case_of(CHAIN).graph.operators()
        operators |= set(mutant.graph.operators())
    assert len(operators) >= 10


def test_change_argument_changes_arguments_only() -> None:
    viewed = case_of(VIEWED)
    sizes = set()
    for mutant in many(change_argument, viewed, seeds=range(120)):
        assert set(mutant.graph.operators()) <= set(viewed.graph.operators())
        sizes |= {node.args[1] for node in mutant.graph.nodes if node.op == "aten.view.default"}
    assert len(sizes - {(12,)}) >= 1


def test_change_argument_gives_options_that_were_left_out() -> None:
    kwargs = {node.kwargs for mutant in many(change_argument, gather(), seeds=range(80)) for node in mutant.graph.nodes}
    assert any(name == "keepdim" for given in kwargs for name, _ in given)


def test_change_dtype_changes_inputs_and_keeps_the_program_typed() -> None:
    dtypes = set()
    for mutant in many(change_dtype, case_of(VIEWED)):
        dtypes |= {item.type.dtype for item in mutant.graph.inputs}
    assert {"f64", "f16"} <= dtypes


def test_change_dtype_keeps_indices_in_range() -> None:
    for mutant in many(change_dtype, gather(), seeds=range(60)):
        types = mutant.graph.types()
        for node in mutant.graph.nodes:
            if node.op == "aten.index_select.default":
                assert isinstance(node.args[2], Ref)
                assert types[node.args[2].id].dtype in ("i32", "i64")


def test_change_shape_changes_every_place_of_a_size() -> None:
    viewed = case_of(VIEWED)
    mutants = [m for m in many(change_shape, viewed) if m.graph.operators() == viewed.graph.operators()]
    assert len(mutants) >= 20
    for mutant in mutants:
        left, right = (item.type.shape for item in mutant.graph.inputs)
        assert left[1] == right[0]
        assert (left, right) != ((4, 6), (6, 3))
        (output,) = run(mutant)
        assert output.shape == (left[0] * right[1],)


def test_change_shape_lowers_the_bound_of_indices() -> None:
    highs = set()
    for mutant in many(change_shape, gather()):
        for item, values in zip(mutant.graph.inputs, mutant.recipe.inputs, strict=True):
            if item.type.dtype == "i64" and isinstance(values, Drawn):
                highs.add(values.high)
    assert min(highs) < 5


def test_resized_keeps_the_order_of_strides_and_their_gaps() -> None:
    graph = case_of(
        """
        inputs:
          %0: f32[3, 4] stride (1, 3)
          %1: f32[3, 4] stride (8, 2) offset 1
          %2: f32[3, 4] stride (0, 1)
        nodes:
          %3: f32[3, 4] = aten.add.Tensor(%0, %1)
        outputs: %3
        """
    ).graph
    assert [resized(i.type, 3, 5).strides for i in graph.inputs] == [(1, 5), (8, 2), (0, 1)]
    assert [resized(i.type, 4, 5).strides for i in graph.inputs] == [(1, 3), (10, 2), (0, 1)]
    assert resized(graph.inputs[1].type, 4, 5).offset == 1


def test_write_in_place_writes_to_a_view() -> None:
    views = 0
    for mutant in many(write_in_place, case_of(CHAIN)):
        graph = mutant.graph
        assert written(graph)
        viewed = {result for node in graph.nodes if is_view(node.op) for result in node.results}
        views += any(graph.nodes[position].args[0] in {Ref(v) for v in viewed} for position in written(graph))
    assert views >= 15


def test_write_in_place_finds_the_twin_of_an_operator() -> None:
    twins = {op for mutant in many(write_in_place, case_of(CHAIN), seeds=range(80)) for op in mutant.graph.operators()}
    assert {"aten.sin_.default", "aten.exp_.default"} <= twins


def test_write_in_place_leaves_indices_alone() -> None:
    for mutant in many(write_in_place, gather(), seeds=range(80)):
        groups = memory_groups(mutant.graph)
        indices = {
            groups[node.args[2].id]
            for node in mutant.graph.nodes
            if node.op == "aten.index_select.default" and isinstance(node.args[2], Ref)
        }
        assert indices
        for position in written(mutant.graph):
            assert not {groups[r] for r in mutant.graph.nodes[position].results} & indices


def test_splice_lets_one_program_read_the_other() -> None:
    chain, viewed = case_of(CHAIN), case_of(VIEWED)
    joined = 0
    for mutant in many(splice, chain, viewed, seeds=range(60)):
        definers = {r: node.op for node in mutant.graph.nodes for r in node.results}
        for node in mutant.graph.nodes:
            sources = {definers.get(r) for r in refs(node)}
            joined += node.op == "aten.mm.default" and bool(sources & set(chain.graph.operators()))
    assert joined >= 5


def test_change_layout_keeps_shapes_and_dtypes() -> None:
    viewed = case_of(VIEWED)
    strides = set()
    for mutant in many(change_layout, viewed):
        shapes = [(i.type.dtype, i.type.shape) for i in mutant.graph.inputs]
        if mutant.graph.operators() == viewed.graph.operators():
            assert shapes == [("f32", (4, 6)), ("f32", (6, 3))]
        strides |= {i.type.strides for i in mutant.graph.inputs}
    assert len(strides) > 6


def test_change_layout_makes_an_input_a_view_of_another() -> None:
    two = case_of(
        """
        inputs:
          %0: f32[4, 6]
          %1: f32[4, 6]
        nodes:
          %2: f32[4, 6] = aten.sub.Tensor(%0, %1)
        outputs: %2
        """
    )
    assert any(item.shares is not None for mutant in many(change_layout, two) for item in mutant.graph.inputs)


def test_change_values_keeps_an_index_an_index() -> None:
    for mutant in many(change_values, gather()):
        assert mutant.graph == gather().graph
        assert mutant.recipe != gather().recipe
        index = mutant.recipe.inputs[1]
        assert isinstance(index, Drawn)
        assert (index.kind, index.high) == ("index", 5)


def test_values_that_a_user_wrote_out_stay() -> None:
    mine = case_of(GATHER, Drawn("normal", 1), Literals((4, 0, 3, 1)))
    inserted = many(insert, mine)
    kept = [m for m in inserted if Literals((4, 0, 3, 1)) in m.recipe.inputs]
    assert len(kept) >= len(inserted) // 2


def test_an_index_from_elsewhere_is_brought_into_range() -> None:
    computed = case_of(
        """
        inputs:
          %0: f32[5, 3]
          %1: i64[4]
          %2: i64[4]
        nodes:
          %3: i64[4] = aten.mul.Scalar(%2, 100)
          %4: f32[4, 3] = aten.index_select.default(%0, 0, %1)
          %5: f32[4, 3] = aten.sin.default(%4)
        outputs: %3, %5
        """,
        Drawn("normal", 1),
        Drawn("index", 2, 5),
        Drawn("normal", 3),
    )
    found = set()
    for mutant in many(change_argument, computed, seeds=range(100)):
        definers = {r: node.op for node in mutant.graph.nodes for r in node.results}
        for node in mutant.graph.nodes:
            if node.op == "aten.index_select.default" and isinstance(node.args[2], Ref):
                found.add(definers.get(node.args[2].id, "input"))
    assert found == {"input", "aten.remainder.Scalar"}


@pytest.mark.parametrize("mutate", [delete, replace, change_argument, splice, change_shape])
def test_nothing_to_do_is_none(mutate: object) -> None:
    empty = case_of(EMPTY)
    assert callable(mutate)
    assert mutate(empty, empty, random.Random(0)) is None
