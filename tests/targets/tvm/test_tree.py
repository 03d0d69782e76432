"""Trees of functions: nodes are taken apart and put together again, paths lead to nodes, sites say what is there."""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tensorsmith.generators.tir.func import random_function
from tensorsmith.targets.tvm import adapter, blocks, tree
from tensorsmith.targets.tvm.function import TirFunction, to_function, to_program
from tensorsmith.targets.tvm.sites import Loop, Site, sites
from tensorsmith.targets.tvm.tree import Role

tvm = pytest.importorskip("tvm")
tvm_ffi = pytest.importorskip("tvm_ffi")

SEEDS = range(200)


def random(seed: int) -> TirFunction:
    return TirFunction(*random_function(Random(seed)))


def in_blocks() -> Any:
    """A function in the form that can be scheduled: B[i] = sum over k of 2 * A[i, k], by way of a local buffer."""
    tirx = tvm.tirx
    a, b = adapter.buffer("A", "float32", (4, 8)), adapter.buffer("B", "float32", (4,))
    c = adapter.buffer("C", "float32", (4, 8))

    def nest(name: str, kinds: tuple[int, int], body: Any, init: Any) -> Any:
        loops = [tirx.Var(name + "_i", "int32"), tirx.Var(name + "_j", "int32")]
        iterators = [
            tirx.IterVar(tvm.ir.Range(0, size), tirx.Var(name + str(size), "int32"), kind)
            for size, kind in zip((4, 8), kinds, strict=True)
        ]
        variables = [iterator.var for iterator in iterators]
        made = blocks.block(name, iterators, body(*variables), init(*variables))
        inner = blocks.realize(loops, tirx.IntImm("bool", 1), made)
        return tirx.For(loops[0], 0, 4, 0, tirx.For(loops[1], 0, 8, 0, inner))

    doubled = nest(
        "double",
        (0, 0),
        lambda i, j: tirx.BufferStore(c, tirx.Mul(a[i, j], tirx.FloatImm("float32", 2.0)), [i, j]),
        lambda i, j: None,
    )
    summed = nest(
        "sum",
        (0, 2),
        lambda i, k: tirx.BufferStore(b, tirx.Add(b[i], c[i, k]), [i]),
        lambda i, k: tirx.BufferStore(b, tirx.FloatImm("float32", 0.0), [i]),
    )
    root = blocks.block("root", [], tirx.SeqStmt([doubled, summed]), None, [c])
    return adapter.function([a, b], blocks.realize([], tirx.IntImm("bool", 1), root))


def of_every_kind() -> Iterator[Any]:
    """Nodes that random functions do not have."""
    tirx, a = tvm.tirx, adapter.buffer("A", "float32", (8,))
    zero, one = tirx.IntImm("int32", 0), tirx.IntImm("int32", 1)
    ramp = tirx.Ramp(zero, one, 4)
    wide = tirx.Broadcast(tirx.FloatImm("float32", 1.0), 4)
    yield tirx.BufferStore(a, tirx.Add(adapter.load(a, [ramp]), wide), [ramp])
    yield tirx.Evaluate(tirx.Shuffle([wide], [tirx.IntImm("int32", 2)]))
    yield tirx.AttrStmt(a, "pragma_x", one, tirx.Evaluate(zero))
    yield tirx.Evaluate(tirx.Cast("int8", one))
    yield tirx.Return(one)
    yield tirx.For(tirx.Var("i", "int32"), 0, 4, 0, tirx.Break(), annotations={"x": 1}, step=one)
    yield tirx.For(tirx.Var("i", "int32"), 0, 4, 0, tirx.Continue())


def again(node: Any) -> Any:
    """The node, each of its children made anew."""
    parts = [again(child.node) for child in tree.children(node)]
    if tree.kind_of(node) == "IntImm":
        return tvm.tirx.IntImm(adapter.dtype_of(node), node.value)
    return tree.rebuild(node, parts)


@pytest.mark.parametrize("seed", [*SEEDS])
def test_a_function_rebuilt_is_equal(seed: int) -> None:
    func = random(seed).func
    rebuilt = func.with_body(again(func.body))
    assert not rebuilt.body.same_as(func.body)
    assert tvm_ffi.structural_equal(rebuilt, func)


def test_nodes_of_other_kinds_are_rebuilt() -> None:
    for node in of_every_kind():
        rebuilt = again(node)
        assert tvm_ffi.structural_equal(rebuilt, node, map_free_vars=True), node


def test_blocks_are_rebuilt_with_the_regions_that_they_touch() -> None:
    func = in_blocks()
    assert adapter.is_well_formed(func)
    rebuilt = func.with_body(again(func.body))
    assert tvm_ffi.structural_equal(rebuilt, func)
    store, path = next((node, path) for path, node in tree.walk(func.body) if tree.kind_of(node) == "BufferStore")
    moved = tvm.tirx.BufferStore(store.buffer, store.value, [store.indices[1], store.indices[1]])
    changed = tree.node_at(tree.replace_at(func, path, moved).body, path[:-1])
    assert str(changed.writes[0].region[0].min.name) == str(store.indices[1].name)


def test_what_is_not_changed_is_shared() -> None:
    func = random(3).func
    path, node = next((path, node) for path, node in tree.walk(func.body) if tree.kind_of(node) == "IntImm" and path)
    new = tree.replace_at(func, path, tvm.tirx.IntImm(adapter.dtype_of(node), 1 - node.value))
    assert tree.node_at(new.body, path).value == 1 - node.value
    others = [child.node for position, child in enumerate(tree.children(new.body)) if position != path[0]]
    assert others
    assert all(any(one.same_as(old.node) for old in tree.children(func.body)) for one in others)
    assert tree.replace_at(func, path, node).body.same_as(func.body)


def test_children_of_another_number_or_type_do_not_fit() -> None:
    tirx = tvm.tirx
    added = tirx.Add(tirx.Var("x", "int32"), tirx.Var("y", "int32"))
    with pytest.raises(ValueError, match="1 children for a Add with 2"):
        tree.rebuild(added, [tirx.IntImm("int32", 0)])
    with pytest.raises((TypeError, ValueError, tvm.error.InternalError)):
        tree.rebuild(added, [tirx.IntImm("int32", 0), tirx.FloatImm("float32", 0.0)])


def test_sizes_and_paths_agree() -> None:
    for seed in SEEDS[:20]:
        body = random(seed).func.body
        nodes = list(tree.walk(body))
        assert len(nodes) == tree.size(body) == len({path for path, _ in nodes})
        assert all(tree.node_at(body, path).same_as(node) for path, node in nodes)


def test_variables_are_substituted_where_defined_and_used() -> None:
    func = in_blocks()
    loop = next(node for _, node in tree.walk(func.body) if tree.kind_of(node) == "For")
    new = tvm.tirx.Var("fresh", "int32")
    changed = tree.substitute(loop, {adapter.identity(loop.loop_var): new})
    assert changed.loop_var.same_as(new)
    assert tvm_ffi.structural_equal(changed, loop, map_free_vars=True)


def made() -> tuple[TirFunction, dict[str, Site]]:
    """for i in 2..5: x = i * 3; for j in vectorized 8: A[j] = select(x < j, A[j], x), with its sites by kind."""
    tirx, a = tvm.tirx, adapter.buffer("A", "int32", (8,))
    i, j, x = (tirx.Var(name, "int32") for name in "ijx")
    value = tirx.Select(tirx.LT(x, j), a[j], x)
    inner = tirx.For(j, 0, 8, 2, tirx.BufferStore(a, value, [j]))
    body = tirx.For(i, 2, 3, 0, tirx.SeqStmt([tirx.Bind(x, tirx.Mul(i, tirx.IntImm("int32", 3))), inner]))
    function = TirFunction(adapter.function([a], body), ())
    return function, {tree.kind_of(site.node): site for site in sites(function)}


def test_sites_know_the_variables_in_reach_and_their_ranges() -> None:
    _, found = made()
    place = found["Select"].place
    assert [str(variable.name) for variable in place.variables] == ["i", "x", "j"]
    assert [place.known[adapter.identity(variable)] for variable in place.variables] == [(2, 4), (6, 12), (0, 7)]
    assert [(loop.kind, loop.most) for loop in place.loops] == [(0, 3), (2, 8)]
    assert isinstance(place.loops[0], Loop)
    assert place.iterations == 24
    assert [str(buffer.name) for buffer in place.buffers] == ["A"]
    assert found["Bind"].place.iterations == 3


def test_sites_know_what_a_place_is_for() -> None:
    function, _ = made()
    roles = Counter((tree.kind_of(site.node), site.role) for site in sites(function))
    assert roles["LT", Role.CONDITION] == roles["Select", Role.VALUE] == 1
    assert roles["IntImm", Role.BOUND] == 4
    # j: compared, the index of a load in a value, the index of the store
    assert (roles["Var", Role.CONDITION], roles["Var", Role.INDEX]) == (2, 2)


def test_a_function_goes_to_data_and_back() -> None:
    function = random(1)
    program = to_program(function)
    assert program.script == ""
    assert "def main(" in to_program(function, with_script=True).script
    back = to_function(program)
    assert tvm_ffi.structural_equal(back.func, function.func)
    assert (back.buffers, back.scalars) == (function.buffers, function.scalars)
