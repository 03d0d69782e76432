"""Change a size of the inputs' shapes, everywhere that it appears."""

from __future__ import annotations

import random

from tensorsmith.generators.inputs import random_size, recipe_for
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Node, TensorType, map_refs, tensor_type
from tensorsmith.ir.recipe import Drawn, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.rebuild import Rebuild, call, finish, rewire, stand_in, start

LARGEST = 4096  # elements of an input's storage


def change_shape(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with another size for all dimensions of one size, and for the arguments that name it."""
    graph = case.graph
    sizes = sorted({n for item in graph.inputs for n in item.type.shape})
    if not sizes:
        return None
    old = rng.choice(sizes)
    new = random_size(rng)
    if new == old:
        new = old + 1
    types = {item.id: resized(item.type, old, new) for item in graph.inputs}
    if any(t.storage_size > LARGEST and t != case.graph.inputs[p].type for p, t in enumerate(types.values())):
        return None
    rebuild = start(case, rng, types)
    for item, values in zip(graph.inputs, case.recipe.inputs, strict=True):
        if types[item.id] != item.type:
            rebuild.values[rebuild.ids[item.id]] = _values_for(values, types[item.id], rng)
    for constant in graph.constants:
        if isinstance(constant.values, Drawn) and old in constant.type.shape:
            rebuild.ids[constant.id] = rebuild.builder.constant(resized(constant.type, old, new), constant.values)
    for node in graph.nodes:
        _carry_resized(rebuild, node, old, new)
    return finish(rebuild, case)


def resized(type_: TensorType, old: int, new: int) -> TensorType:
    """The type with every dimension of one size made another, its strides in the same order with the same gaps."""
    if old not in type_.shape:
        return type_
    shape = tuple(new if n == old else n for n in type_.shape)
    strides = [0] * len(shape)
    dims = sorted(range(len(shape)), key=lambda d: (type_.strides[d], -d))
    reach_old = reach_new = 1
    for d in dims:
        step = type_.strides[d]
        if step == 0:
            continue
        # What lies between the end of the inner dimensions and the next step of this one stays, if it is a multiple.
        gap = step // reach_old if step % reach_old == 0 else 1
        strides[d] = reach_new * max(gap, 1)
        reach_old = max(step * type_.shape[d], 1)
        reach_new = max(strides[d] * shape[d], 1)
    return tensor_type(type_.dtype, shape, tuple(strides), type_.offset)


def _carry_resized(rebuild: Rebuild, node: Node, old: int, new: int) -> None:
    """Carry a call over, with sizes in its arguments following: as they are last, since -1 and 0 mean no size."""
    for follow in (_sizes, _products, _inferred, _as_it_is):
        args = tuple(map_refs(follow(arg, old, new), rebuild.ids) for arg in node.args)
        kwargs = tuple((name, map_refs(follow(arg, old, new), rebuild.ids)) for name, arg in node.kwargs)
        try:
            results = call(rebuild, node.op, args, kwargs)
        except GraphError:
            continue
        rebuild.ids.update(zip(node.results, results, strict=False))
        for gone, type_ in list(zip(node.results, node.types, strict=True))[len(results) :]:
            stand_in(rebuild, gone, resized(type_, old, new))
        return
    rewire(rebuild, Node(node.op, node.args, node.results, tuple(resized(t, old, new) for t in node.types)))


def _sizes(arg: Arg, old: int, new: int) -> Arg:
    """A list of sizes with the old size replaced."""
    if isinstance(arg, tuple) and _are_integers(arg):
        return tuple(new if item == old else item for item in arg)
    return arg


def _products(arg: Arg, old: int, new: int) -> Arg:
    """A list of sizes with the old size replaced also where it is a factor."""
    if isinstance(arg, tuple) and _are_integers(arg) and old > 1:
        return tuple(
            item // old * new if isinstance(item, int) and item > 0 and item % old == 0 else item for item in arg
        )
    return arg


def _inferred(arg: Arg, old: int, new: int) -> Arg:
    """A list of sizes with the greatest left to the operator to infer."""
    if isinstance(arg, tuple) and arg and _are_integers(arg):
        greatest = max(range(len(arg)), key=lambda place: int(str(arg[place])))
        return tuple(-1 if place == greatest else item for place, item in enumerate(arg))
    return arg


def _as_it_is(arg: Arg, old: int, new: int) -> Arg:
    return arg


def _are_integers(items: tuple[object, ...]) -> bool:
    return all(isinstance(item, int) and not isinstance(item, bool) for item in items)


def _values_for(values: Values, type_: TensorType, rng: random.Random) -> Values:
    return values if isinstance(values, Drawn) else recipe_for(type_, rng)
