"""Smaller programs out of a test case: the edits that reductions share. All of them go through the builder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import ParamSpec

from tensorsmith.ir.edit import Replay, prune
from tensorsmith.ir.errors import TensorsmithError
from tensorsmith.ir.graph import Graph, Node, arg_refs, canonical, refs
from tensorsmith.ir.memory import memory_groups
from tensorsmith.ir.operators import operator, written_arguments
from tensorsmith.ir.recipe import InputRecipe, Literals, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.capture import captured, stand_in_type, written_out

P = ParamSpec("P")


def built(make: Callable[P, TestCase], *args: P.args, **kwargs: P.kwargs) -> TestCase | None:
    """The test case that an edit gives, or None if it would be ill-typed."""
    try:
        return make(*args, **kwargs)
    except TensorsmithError:
        return None


def with_graph(case: TestCase, graph: Graph, values: Sequence[Values]) -> TestCase:
    """The test case with another program and the recipes of its inputs; ids are made canonical."""
    return TestCase(canonical(graph), InputRecipe(tuple(values)), case.target, case.device, case.pipeline)


def with_values(case: TestCase, changed: Mapping[int, Values]) -> TestCase:
    """The test case with other recipes for the inputs at some positions."""
    return with_graph(case, case.graph, [changed.get(position, old) for position, old in enumerate(case.recipe.inputs)])


def finished(
    case: TestCase, replay: Replay, old_outputs: Iterable[int], values: Mapping[int, Values] | None = None
) -> TestCase:
    """The test case of a replayed graph: pruned to what can be observed, each input with the values it had.

    Args:
        case: the test case whose graph was replayed.
        replay: the replay, complete.
        old_outputs: ids of the old graph to return, each once.
        values: recipes for inputs of the old graph, by old id, where they change.

    Raises:
        GraphError: nothing is left to return.
    """
    return pruned(case, replay.build(old_outputs), recipes(case, replay, values or {}))


def recipes(case: TestCase, replay: Replay, changed: Mapping[int, Values]) -> list[Values]:
    """The recipe of every input of a replayed graph: the old one where it still fits, else the captured values."""
    old_recipes = {item.id: old for item, old in zip(case.graph.inputs, case.recipe.inputs, strict=True)}
    stand_ins = set(replay.stand_ins)
    old_of = replay.old_inputs | {new: old for old, new in replay.ids.items() if new in stand_ins}
    found: list[Values] = []
    for item in replay.builder.inputs:
        old = old_of[item.id]
        values = changed.get(old) or old_recipes.get(old)
        fits = not isinstance(values, Literals) or len(values.data) == item.type.storage_size
        if values is None or (not fits and item.shares is None):
            values = written_out(item.type, captured(case).get(old))
        found.append(values)
    return found


def pruned(case: TestCase, graph: Graph, values: Sequence[Values]) -> TestCase:
    """The test case of a graph without what cannot be observed; writes to inputs can."""
    groups = memory_groups(graph)
    written = {groups[r] for node in graph.nodes if written_arguments(node.op) for r in node.results}
    smaller, kept = prune(graph, {item.id for item in graph.inputs if groups[item.id] in written})
    return with_graph(case, smaller, [values[position] for position in kept])


def without_nodes(case: TestCase, removed: Set[int]) -> TestCase:
    """The test case without the nodes at some positions.

    What kept nodes need of them becomes inputs that hold the captured values; a removed write gives its argument as it
    is; where a removed node's result was returned, or only the caller could see what it wrote, what it was computed
    from is returned instead.

    Raises:
        GraphError: a kept node rejects its new arguments, or nothing is left to return.
    """
    graph = case.graph
    replay = Replay()
    replay.sources(graph)
    for position, node in enumerate(graph.nodes):
        if position in removed:
            replay.ids.update(_through_write(node, replay.ids))
            continue
        for needed in refs(node):
            stand_in(case, replay, needed)
        replay.node(node)
    return finished(case, replay, _outputs_without(graph, removed))


def stand_in(case: TestCase, replay: Replay, old: int) -> None:
    """Make sure that a value of the old graph is there: if it is gone, a new input stands for it."""
    if old in replay.ids:
        return
    new = replay.builder.input(stand_in_type(case.graph.types()[old]))
    replay.ids[old] = new
    replay.stand_ins.append(new)


def with_outputs(case: TestCase, outputs: Sequence[int]) -> TestCase:
    """The test case returning other values of its graph, without what they do not depend on."""
    graph = Graph(case.graph.inputs, case.graph.nodes, tuple(outputs), case.graph.constants)
    return pruned(case, graph, case.recipe.inputs)


def _through_write(node: Node, ids: Mapping[int, int]) -> dict[int, int]:
    names = written_arguments(node.op)
    named = dict(zip((a.name for a in operator(node.op)._schema.arguments), node.args, strict=False)) | dict(
        node.kwargs
    )
    written = [id_ for name in names for id_ in arg_refs(named.get(name))]
    return {r: ids[w] for r, w in zip(node.results, written, strict=False) if w in ids}


def _outputs_without(graph: Graph, removed: Set[int]) -> list[int]:
    definer = {result: position for position, node in enumerate(graph.nodes) for result in node.results}
    found: list[int] = []
    expanded: set[int] = set()
    for output in graph.outputs:
        if definer.get(output, -1) not in removed:
            found.append(output)
            continue
        pending = [output]
        while pending:
            value = pending.pop()
            position = definer.get(value, -1)
            if position in removed and value not in expanded:
                pending.extend(reversed(list(refs(graph.nodes[position]))))
            elif position >= 0 and position not in removed and value not in found:
                found.append(value)
            expanded.add(value)
    read = {r for position, node in enumerate(graph.nodes) if position not in removed for r in refs(node)}
    for position in sorted(removed):
        node = graph.nodes[position]
        if written_arguments(node.op):
            found += [r for r in refs(node) if r in definer and definer[r] not in removed and r not in {*read, *found}]
    return found
