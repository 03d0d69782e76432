"""Change the dtype of inputs."""

from __future__ import annotations

import random

import msgspec

from tensorsmith.generators.inputs import random_dtype, recipe_for
from tensorsmith.ir.dtypes import COMMON, FLOATS, INTEGERS, DType
from tensorsmith.ir.graph import Graph, TensorType
from tensorsmith.ir.recipe import Drawn, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.rebuild import carry_all, finish, start

ALL_ALIKE_SHARE = 0.6  # of mutants where every input of the old dtype changes, since few operators mix dtypes


def change_dtype(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with another dtype for an input, for its aliases, and often for all inputs of its dtype."""
    graph = case.graph
    if not graph.inputs:
        return None
    chosen = rng.choice(graph.inputs)
    old = chosen.type.dtype
    new = random_dtype(rng, [d for d in _near(old, rng) if d != old])
    if rng.random() < ALL_ALIKE_SHARE:
        changed = {item.id for item in graph.inputs if item.type.dtype == old}
    else:
        changed = _aliases(graph, chosen.shares if chosen.shares is not None else chosen.id)
    types: dict[int, TensorType] = {
        item.id: msgspec.structs.replace(item.type, dtype=new) for item in graph.inputs if item.id in changed
    }
    rebuild = start(case, rng, types)
    for item in graph.inputs:
        if item.id in changed:
            id_ = rebuild.ids[item.id]
            rebuild.values[id_] = _values_for(rebuild.values[id_], types[item.id], rng)
    carry_all(rebuild, graph.nodes)
    return finish(rebuild, case)


def _aliases(graph: Graph, root: int) -> set[int]:
    return {item.id for item in graph.inputs if item.id == root or item.shares == root}


def _near(dtype: DType, rng: random.Random) -> tuple[DType, ...]:
    """Mostly dtypes of the same kind, with which more of the program keeps its meaning."""
    for kind in (FLOATS, INTEGERS):
        if dtype in kind and rng.random() < 0.7:
            return tuple(d for d in COMMON if d in kind)
    return COMMON


def _values_for(values: Values, type_: TensorType, rng: random.Random) -> Values:
    # Values that were written out may not be numbers of the new dtype; classes are defined for every dtype.
    return values if isinstance(values, Drawn) else recipe_for(type_, rng)
