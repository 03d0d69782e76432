"""Meta kernels against eager: which operators have the two disagree, and programs that both accept."""

from __future__ import annotations

import random

from tensorsmith.generators.draft import Draft
from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.inputs import random_dtype, random_layout, random_shape, recipe_for
from tensorsmith.generators.insert import insert_forward
from tensorsmith.generators.table import OperatorEntry
from tensorsmith.ir.edit import Replay
from tensorsmith.ir.graph import Graph, Node
from tensorsmith.ir.recipe import InputRecipe

SAMPLES = 40


def meta_differs(entry: OperatorEntry, seed: int = 0) -> bool:
    """Whether, in a sample of random calls that eager accepts, the meta kernel rejects one or gives another type."""
    for sample in range(SAMPLES):
        rng = random.Random(f"{entry.op} {seed} {sample}")
        draft = Draft(EagerBuilder())
        type_ = random_layout(random_dtype(rng, entry.dtypes), random_shape(rng), rng)
        draft.input(type_, recipe_for(type_, rng))
        results = insert_forward(draft, rng, entry)
        if results is None:
            continue
        graph, _ = draft.build(results)
        replay = Replay()
        replay.sources(graph)
        for node in graph.nodes:
            if not replay.node_or_stand_ins(node) or not agrees(replay.builder.nodes[-1], node):
                return True
    return False


def agrees(new: Node, old: Node) -> bool:
    """Whether two calls have results of equal dtypes and shapes; strides may differ."""
    return [(t.dtype, t.shape) for t in new.types] == [(t.dtype, t.shape) for t in old.types]


def check_with_meta_kernels(graph: Graph, recipe: InputRecipe, rng: random.Random) -> tuple[Graph, InputRecipe]:
    """The graph as a `GraphBuilder` accepts it: new inputs stand for the results of calls that meta kernels reject.

    A call whose meta kernel and eager disagree about dtypes or shapes is left out in the same way.
    """
    values = dict(zip((i.id for i in graph.inputs), recipe.inputs, strict=True))
    replay = Replay()
    draft = Draft(replay.builder)
    replay.sources(graph)
    draft.values.update((new, values[old]) for new, old in replay.old_inputs.items())
    for node in graph.nodes:
        if replay.node_or_stand_ins(node) and not agrees(replay.builder.nodes[-1], node):
            replay.builder.nodes.pop()
            for old, type_ in zip(node.results, node.types, strict=True):
                replay.stand_in(old, type_)
    for new in replay.stand_ins:
        draft.values[new] = recipe_for(draft.type(new), rng)
    return draft.build([replay.ids[o] for o in graph.outputs])
