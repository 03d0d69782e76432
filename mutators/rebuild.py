"""A test case that is being with_graph with changes: what the mutators of graphs have in common."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from tensorsmith.generators.inputs import recipe_for
from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.edit import Replay, prune
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Graph, Input, Node, TensorType, canonical, map_refs, refs
from tensorsmith.ir.memory import memory_groups
from tensorsmith.ir.operators import written_arguments
from tensorsmith.ir.recipe import InputRecipe, Literals, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.operands import check_dtypes, definers_of, demands, fitted, keep_promises, source_of

LEAF_SHARE = 0.6  # of the values that nothing reads, how many become outputs
MOST_OUTPUTS = 8


@dataclass(frozen=True)
class Rebuild:
    """A replay under way, the values of each input made so far, by its new id, and the types in the old graph."""

    rng: random.Random
    replay: Replay = field(default_factory=Replay)
    values: dict[int, Values] = field(default_factory=dict)
    old_types: dict[int, TensorType] = field(default_factory=dict)

    @property
    def builder(self) -> GraphBuilder:
        """The builder of the new graph."""
        return self.replay.builder

    @property
    def ids(self) -> dict[int, int]:
        """Where each value of the old graph went."""
        return self.replay.ids


def start(case: TestCase, rng: random.Random, types: Mapping[int, TensorType] | None = None) -> Rebuild:
    """A rebuild that has the test case's inputs, with other types for those that `types` names, and its constants."""
    rebuild = Rebuild(rng, old_types=case.graph.types())
    rebuild.replay.sources(case.graph, types)
    for item, values in zip(case.graph.inputs, case.recipe.inputs, strict=True):
        rebuild.values[rebuild.ids[item.id]] = values
    return rebuild


def call(rebuild: Rebuild, op: str, args: tuple[Arg, ...], kwargs: tuple[tuple[str, Arg], ...] = ()) -> tuple[int, ...]:
    """Add a call on values of the new graph, with its operands brought into range.

    Raises:
        GraphError: the operator does not take these arguments.
    """
    check_dtypes(op, args, kwargs, rebuild.builder.types)
    return _call(rebuild, op, args, kwargs)


def _call(rebuild: Rebuild, op: str, args: tuple[Arg, ...], kwargs: tuple[tuple[str, Arg], ...]) -> tuple[int, ...]:
    args, kwargs = keep_promises(rebuild.builder, op, args, kwargs, rebuild.values)
    return rebuild.builder.call(op, args, kwargs)


def carry(
    rebuild: Rebuild,
    node: Node,
    op: str | None = None,
    args: Sequence[Arg] | None = None,
    kwargs: Sequence[tuple[str, Arg]] | None = None,
) -> bool:
    """Carry a call over, with another operator or other arguments (in old ids) if given.

    Where the call is rejected, other values of the same type stand for its results. Says whether it was carried over.
    """
    new_args = tuple(map_refs(arg, rebuild.ids) for arg in (node.args if args is None else args))
    new_kwargs = tuple((n, map_refs(arg, rebuild.ids)) for n, arg in (node.kwargs if kwargs is None else kwargs))
    same = op is None and all(rebuild.builder.types[rebuild.ids[r]] == rebuild.old_types.get(r) for r in refs(node))
    try:
        # What the parent did is not put in doubt: its author may know more than the table.
        results = (_call if same else call)(rebuild, op or node.op, new_args, new_kwargs)
    except GraphError:
        rewire(rebuild, node)
        return False
    rebuild.ids.update(zip(node.results, results, strict=False))
    for old, type_ in list(zip(node.results, node.types, strict=True))[len(results) :]:
        stand_in(rebuild, old, type_)
    return True


def carry_all(rebuild: Rebuild, nodes: Iterable[Node]) -> None:
    """Carry calls over as they are."""
    for node in nodes:
        carry(rebuild, node)


def rewire(rebuild: Rebuild, node: Node) -> None:
    """Let other values stand for the results of a call that is gone: its own operands first, then any, then inputs."""
    operands = [rebuild.ids[r] for r in refs(node) if r in rebuild.ids]
    for old, type_ in zip(node.results, node.types, strict=True):
        wanted = (type_.dtype, type_.shape)
        types = rebuild.builder.types
        fitting = [o for o in operands if (types[o].dtype, types[o].shape) == wanted]
        if not fitting and rebuild.rng.random() < 0.7:
            fitting = values_of_type(rebuild.builder, type_)
        if fitting:
            rebuild.ids[old] = rebuild.rng.choice(fitting)
        else:
            stand_in(rebuild, old, type_)


def stand_in(rebuild: Rebuild, old: int, type_: TensorType) -> int:
    """Let a new input stand for a value of the old graph."""
    new = rebuild.replay.stand_in(old, type_)
    rebuild.values[new] = recipe_for(type_, rebuild.rng)
    return new


def finish(rebuild: Rebuild, case: TestCase, made: Iterable[int] = ()) -> TestCase | None:
    """The test case with the rebuild's program; None if that has no calls or is what it was.

    Args:
        rebuild: the rebuild, complete.
        case: the test case that it was made from.
        made: values of the new graph that should be outputs.
    """
    builder, rng = rebuild.builder, rebuild.rng
    computed = {result for node in builder.nodes for result in node.results}
    if not computed:
        return None
    outputs = [rebuild.ids[o] for o in case.graph.outputs if o in rebuild.ids]
    outputs += made
    read = {id_ for node in builder.nodes for id_ in refs(node)}
    leaves = [r for r in sorted(computed) if r not in read and r not in outputs]
    outputs += [leaf for leaf in leaves if rng.random() < LEAF_SHARE]
    outputs = [o for o in dict.fromkeys(outputs) if o in computed]
    if not outputs:
        outputs = [rng.choice(leaves or sorted(computed))]
    if len(outputs) > MOST_OUTPUTS:
        outputs = sorted(rng.sample(outputs, MOST_OUTPUTS))
    return with_graph(builder.build(outputs), rebuild.values, case, rng)


def with_graph(graph: Graph, values: Mapping[int, Values], case: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with a new graph, without what it does not need; None if it is what it was.

    Args:
        graph: the new program.
        values: the values of its inputs, by id, that follow where the program asks for an index.
        case: the test case that it was made from.
        rng: decides on new values.
    """
    graph, _ = prune(graph, (*graph.outputs, *written_inputs(graph)))
    if not graph.nodes:
        return None
    recipes = {item.id: _fill(item, values[item.id], rng) for item in graph.inputs}
    definers, types = definers_of(graph.nodes), graph.types()
    for node in graph.nodes:
        for demand in demands(node.op, node.args, node.kwargs, types):
            source = source_of(demand.value, definers)
            source = next((i.shares for i in graph.inputs if i.id == source and i.shares is not None), source)
            if source in recipes:
                recipes[source] = fitted(recipes[source], demand, rng.randrange(1 << 31))
    new = msgspec.structs.replace(
        case, graph=canonical(graph), recipe=InputRecipe(tuple(recipes[item.id] for item in graph.inputs))
    )
    unchanged = new.recipe == case.recipe and new.graph == canonical(case.graph)
    return None if unchanged else new


def _fill(item: Input, values: Values, rng: random.Random) -> Values:
    """The values, or new ones where they were written out for a storage of another size."""
    if isinstance(values, Literals) and item.shares is None and len(values.data) != item.type.storage_size:
        return recipe_for(item.type, rng)
    return values


def written_inputs(graph: Graph) -> list[int]:
    """The inputs that the program may write to."""
    groups = memory_groups(graph)
    written = {groups[result] for node in graph.nodes if written_arguments(node.op) for result in node.results}
    return [item.id for item in graph.inputs if groups[item.id] in written]


def index_storages(builder: GraphBuilder) -> set[int]:
    """The storages of values that are used as an index, so that nobody writes there."""
    return {
        builder.storage(demand.value)
        for node in builder.nodes
        for demand in demands(node.op, node.args, node.kwargs, builder.types)
    }


def pick(rng: random.Random, graph: Graph, fits: Callable[[Node], bool]) -> int | None:
    """The position of a random node that fits, or None."""
    positions = [position for position, node in enumerate(graph.nodes) if fits(node)]
    return rng.choice(positions) if positions else None


def available(builder: GraphBuilder) -> list[int]:
    """The values that a call may read, in order of definition; those of calls that were taken back are not there."""
    sources = [item.id for item in builder.inputs] + [item.id for item in builder.constants]
    return sorted(sources + [result for node in builder.nodes for result in node.results])


def values_of_type(builder: GraphBuilder, type_: TensorType) -> list[int]:
    """The values of a dtype and shape that a call may read."""
    wanted = (type_.dtype, type_.shape)
    return [v for v in available(builder) if (builder.types[v].dtype, builder.types[v].shape) == wanted]
