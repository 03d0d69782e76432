"""Change the strides and the offset of an input, or make it a view of another."""

from __future__ import annotations

import random

from tensorsmith.generators.inputs import random_layout
from tensorsmith.ir.graph import Graph, Input, TensorType
from tensorsmith.ir.recipe import Drawn
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.rebuild import carry_all, finish, start

TRIES = 6
ALIAS_SHARE = 0.2


def change_layout(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with another layout of the same dtype and shape for an input."""
    inputs = case.graph.inputs
    drawn = [p for p, values in enumerate(case.recipe.inputs) if isinstance(values, Drawn)]
    positions = [p for p in drawn if inputs[p].type.shape]
    if not positions:
        return None
    position = rng.choice(positions)
    chosen = inputs[position]
    if rng.random() < ALIAS_SHARE:
        return _alias(case, position, rng)
    if any(item.shares == chosen.id for item in inputs):
        return None  # its aliases were laid out for the storage as it is
    type_ = next((t for t in _layouts(chosen.type, rng) if t != chosen.type), None)
    if type_ is None:
        return None
    rebuild = start(case, rng, {chosen.id: type_})
    carry_all(rebuild, case.graph.nodes)
    return finish(rebuild, case)


def _layouts(type_: TensorType, rng: random.Random) -> list[TensorType]:
    if type_.stride and rng.random() < 0.3:
        return [TensorType(type_.dtype, type_.shape)]
    return [random_layout(type_.dtype, type_.shape, rng) for _ in range(TRIES)]


def _alias(case: TestCase, position: int, rng: random.Random) -> TestCase | None:
    """Let an input share the storage of one before it that is large enough."""
    graph = case.graph
    chosen = graph.inputs[position]
    if chosen.shares is not None or any(item.shares == chosen.id for item in graph.inputs):
        return None
    hosts = [
        item
        for item in graph.inputs[:position]
        if item.shares is None
        and item.type.dtype == chosen.type.dtype
        and item.type.storage_size >= chosen.type.storage_size > 0
    ]
    if not hosts:
        return None
    host = rng.choice(hosts)
    aliased = Graph(
        inputs=tuple(Input(i.id, i.type, host.id) if i.id == chosen.id else i for i in graph.inputs),
        nodes=graph.nodes,
        outputs=graph.outputs,
        constants=graph.constants,
    )
    old = TestCase(aliased, case.recipe, case.target, case.device, case.pipeline)
    rebuild = start(old, rng)
    carry_all(rebuild, graph.nodes)
    return finish(rebuild, case)
