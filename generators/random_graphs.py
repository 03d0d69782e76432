"""Random programs: forward insertion from a few inputs, then producers put before some of the inputs."""

from __future__ import annotations

import random
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate

from tensorsmith.generators.backward import can_be_produced, insert_backward, written_inputs
from tensorsmith.generators.draft import Draft
from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.inputs import LARGEST, random_dtype, random_layout, random_shape, recipe_for, weighted
from tensorsmith.generators.insert import insert_forward
from tensorsmith.generators.table import Group, OperatorEntry, Table, load_table
from tensorsmith.ir.edit import Replay
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Graph, Input, refs
from tensorsmith.ir.recipe import InputRecipe

GROUP_WEIGHTS: dict[Group, int] = {
    "pointwise": 22, "reduction": 14, "view": 15, "in-place": 14, "indexing": 9, "shape": 9, "nn": 9, "cast": 4,
    "out": 5, "other": 6,
}  # fmt: skip


class Selection:
    """Draws operators: a group first, then an operator of it, so that large groups do not drown small ones."""

    def __init__(self, table: Sequence[OperatorEntry], weights: Mapping[str, float]) -> None:
        """`weights` multiplies the chance of an operator by name; 0 leaves it out."""
        self._groups: list[tuple[tuple[OperatorEntry, ...], list[float]]] = []
        self._summed: list[float] = []
        for group, entries in Table(tuple(table)).by_group.items():
            shares = [max(weights.get(e.op, 1.0), 0.0) for e in entries]
            if sum(shares) > 0:
                # A group whose operators are all weighted down is drawn less often itself.
                share = GROUP_WEIGHTS[group] * min(1.0, sum(shares) / len(shares) * 4)
                self._groups.append((entries, list(accumulate(shares))))
                self._summed.append(share + (self._summed[-1] if self._summed else 0.0))

    def draw(self, rng: random.Random) -> OperatorEntry:
        """An operator.

        Raises:
            GraphError: every operator is weighted to zero.
        """
        if not self._groups:
            raise GraphError("every operator has the weight 0: nothing to generate from")
        entries, summed = weighted(rng, self._groups, self._summed)
        return weighted(rng, entries, summed)


@cache
def default_selection() -> Selection:
    """The selection from the whole table, unweighted."""
    return Selection(load_table(), {})


def random_graph(
    rng: random.Random,
    size: int,
    table: Sequence[OperatorEntry] | None = None,
    weights: Mapping[str, float] | None = None,
) -> tuple[Graph, InputRecipe]:
    """A random well-typed graph with a recipe for its inputs; the same for the same state of `rng`.

    Args:
        rng: where every choice comes from.
        size: about how many nodes; guards and adapting views may add some.
        table: operators to draw from; the whole table if not given.
        weights: factors for the chance of operators, by name.
    """
    if table is None and not weights:
        selection = default_selection()
    else:
        selection = Selection(load_table() if table is None else table, weights or {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eager's, about the arguments that are tried
        return _grow(rng, size, selection)


def _grow(rng: random.Random, size: int, selection: Selection) -> tuple[Graph, InputRecipe]:
    draft = Draft(EagerBuilder())
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        id_ = add_input(draft, rng)
        if rng.random() < 0.06:
            add_sharing_input(draft, rng, id_)
    backward = rng.randint(0, size // 3)
    tries = 3 * size + 3
    while len(draft.builder.nodes) < max(size - backward, 1) and tries:
        tries -= 1
        insert_forward(draft, rng, selection.draw(rng))
    if not draft.builder.nodes:
        insert_forward(draft, rng, selection.draw(rng))
    graph, recipe = draft.build(choose_outputs(draft, rng))
    if backward:
        graph, recipe = put_producers(graph, recipe, rng, backward, selection)
    return graph, recipe


def add_input(draft: Draft, rng: random.Random) -> int:
    """Add an input of a random type with random values, and return its id."""
    dtype = random_dtype(rng)
    type_ = random_layout(dtype, random_shape(rng), rng)
    return draft.input(type_, recipe_for(type_, rng))


def add_sharing_input(draft: Draft, rng: random.Random, first: int) -> None:
    """Add a second input on the storage of the first: the same tensor, or a part of it; none if that is too small."""
    type_ = draft.type(first)
    if type_.storage_size < 2:
        return
    if rng.random() < 0.5:
        shared = type_
    else:
        start = rng.randrange(type_.storage_size)
        length = rng.randint(1, min(type_.storage_size - start, LARGEST))
        shared = type(type_)(type_.dtype, (length,), offset=start)
    draft.input(shared, draft.values[first], shares=first)


def choose_outputs(draft: Draft, rng: random.Random) -> list[int]:
    """What to return: every value that nothing reads, now and then others, an input, or a value twice."""
    nodes = draft.builder.nodes
    read = {ref for node in nodes for ref in refs(node)}
    results = [r for node in nodes for r in node.results]
    outputs = [r for r in results if r not in read] or results[-1:] or [draft.builder.inputs[0].id]
    if rng.random() < 0.25 and results:
        outputs.append(rng.choice(results))
    if rng.random() < 0.06 and draft.builder.inputs:
        outputs.append(rng.choice(draft.builder.inputs).id)
    if rng.random() < 0.03:
        outputs.append(rng.choice(outputs))
    if rng.random() < 0.2:
        rng.shuffle(outputs)
    return outputs


def put_producers(
    graph: Graph, recipe: InputRecipe, rng: random.Random, count: int, selection: Selection
) -> tuple[Graph, InputRecipe]:
    """The graph with operators that produce what some of its inputs were: backward insertion.

    Values may have other strides than before; new inputs stand for the results of calls that no longer work.

    Args:
        graph: the program.
        recipe: its input values.
        rng: where every choice comes from.
        count: how many producers at most.
        selection: where producers are drawn from.
    """
    values = dict(zip((i.id for i in graph.inputs), recipe.inputs, strict=True))
    shared = {i.shares for i in graph.inputs} | {i.id for i in graph.inputs if i.shares is not None}
    # An input in an odd layout is worth more as it is: what is produced is contiguous as a rule.
    wishes = [
        i
        for i in graph.inputs
        if i.id not in shared and not i.type.stride and not i.type.offset and can_be_produced(values[i.id])
    ]
    chosen = {i.id for i in rng.sample(wishes, min(count, len(wishes)))}
    if not chosen:
        return graph, recipe
    replay = Replay(EagerBuilder())
    draft = Draft(replay.builder)
    for item in graph.inputs:
        if item.id not in chosen:
            new = replay.input(item)
            draft.values[new] = values[item.id]
            if can_be_produced(values[item.id]):
                draft.alive.append(new)
    for constant in graph.constants:
        replay.constant(constant)
    written = written_inputs(graph)
    left = count
    for item in graph.inputs:
        if item.id not in chosen:
            continue
        produced = insert_backward(draft, rng, item.type, selection, min(left, 3), item.id in written)
        if produced is None:
            new = replay.input(item)
            draft.values[new] = values[item.id]
        else:
            left -= 1
            replay.ids[item.id] = produced
    if all(_stands_for(draft, replay, item) for item in graph.inputs):
        # Nothing that follows can tell the difference, so eager need not be asked about it again.
        for node in graph.nodes:
            replay.ids.update(draft.builder.adopt(node, replay.ids))
    else:
        for node in graph.nodes:
            replay.node_or_stand_ins(node)
    for new in replay.stand_ins:
        draft.values[new] = recipe_for(draft.type(new), rng)
    return draft.build([replay.ids[o] for o in graph.outputs])


def _stands_for(draft: Draft, replay: Replay, item: Input) -> bool:
    """Whether what took the place of an input is of the very same type and has memory to itself, as an input has."""
    new, builder = replay.ids[item.id], draft.builder
    if item.shares is not None or new in replay.old_inputs:
        return True
    storage = builder.storage(new)
    alone = all(builder.storage(other) != storage for other in replay.ids.values() if other != new)
    return alone and builder.types[new] == item.type and builder.writable(new)
