"""Rebuilding a graph with changes: replay its calls into a builder, repairing what no longer fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Constant, Graph, Input, Node, TensorType, map_refs, refs
from tensorsmith.ir.memory import memory_groups
from tensorsmith.ir.operators import written_arguments


class Replay:
    """A builder together with where each value of the old graph went.

    `ids` maps ids of the old graph to ids of the new one. New inputs that stand in for values that are gone are in
    `stand_ins`, by new id, so that the caller can give them values; `old_inputs` maps new input ids to old ones.
    """

    def __init__(self, builder: GraphBuilder | None = None) -> None:
        """Replay into a builder, a new one if none is given."""
        self.builder = GraphBuilder() if builder is None else builder
        self.ids: dict[int, int] = {}
        self.stand_ins: list[int] = []
        self.old_inputs: dict[int, int] = {}

    def input(self, item: Input, type_: TensorType | None = None) -> int:
        """Carry an input of the old graph over, with another type if given."""
        shares = None if item.shares is None else self.ids.get(item.shares)
        try:
            new = self.builder.input(type_ or item.type, shares)
        except GraphError:
            new = self.builder.input(type_ or item.type)
        self.ids[item.id] = new
        self.old_inputs[new] = item.id
        return new

    def constant(self, item: Constant) -> int:
        """Carry a constant of the old graph over."""
        self.ids[item.id] = self.builder.constant(item.type, item.values)
        return self.ids[item.id]

    def node(self, node: Node) -> tuple[int, ...]:
        """Carry a call over.

        Raises:
            GraphError: the operator rejects the arguments as they are now.
        """
        results = self.builder.call(
            node.op,
            tuple(map_refs(arg, self.ids) for arg in node.args),
            tuple((name, map_refs(arg, self.ids)) for name, arg in node.kwargs),
        )
        if len(results) < len(node.results):
            raise GraphError(f"{node.op} now has fewer results")
        self.ids.update(zip(node.results, results, strict=False))
        return results

    def stand_in(self, old: int, type_: TensorType) -> int:
        """Make a new input of a type and let it stand for a value of the old graph."""
        new = self.builder.input(TensorType(type_.dtype, type_.shape))
        self.stand_ins.append(new)
        self.ids[old] = new
        return new

    def node_or_stand_ins(self, node: Node) -> bool:
        """Carry a call over; if it is rejected, new inputs stand for its results. Says whether it was carried over."""
        try:
            self.node(node)
        except GraphError:
            for old, type_ in zip(node.results, node.types, strict=True):
                self.stand_in(old, type_)
            return False
        return True

    def sources(self, graph: Graph, types: Mapping[int, TensorType] | None = None) -> None:
        """Carry all inputs and constants over, with other types for the inputs that `types` names."""
        for item in graph.inputs:
            self.input(item, types.get(item.id) if types else None)
        for constant in graph.constants:
            self.constant(constant)

    def build(self, old_outputs: Iterable[int]) -> Graph:
        """The new graph, returning what the given values of the old graph became.

        Raises:
            GraphError: none of them is left.
        """
        return self.builder.build(self.ids[o] for o in old_outputs if o in self.ids)


def live_nodes(graph: Graph, wanted: Iterable[int]) -> set[int]:
    """Positions of the nodes that `wanted` values depend on, through values and through writes to shared memory.

    A node that writes is kept whenever memory that it writes to is read by something kept, before or after: order
    alone decides at run time, so this is the conservative choice. Values share memory as far as the operators' schemas
    say.
    """
    definer = {result: position for position, node in enumerate(graph.nodes) for result in node.results}
    groups = memory_groups(graph)
    writers = [position for position, node in enumerate(graph.nodes) if written_arguments(node.op)]
    live: set[int] = set()
    roots: set[int] = set()
    pending = list(wanted)
    while pending:
        value = pending.pop()
        roots.add(groups[value])
        position = definer.get(value, -1)
        if position >= 0 and position not in live:
            live.add(position)
            pending.extend(refs(graph.nodes[position]))
        if not pending:
            for writer in writers:
                if writer not in live and any(groups[r] in roots for r in graph.nodes[writer].results):
                    live.add(writer)
                    pending.extend(refs(graph.nodes[writer]))
                    break
    return live


def prune(graph: Graph, observed: Iterable[int]) -> tuple[Graph, tuple[int, ...]]:
    """The graph without the nodes, inputs and constants that the observed values do not depend on.

    Args:
        graph: the program; its outputs stay as they are and must be among the observed values.
        observed: ids whose contents at the end of the run matter: the outputs, and inputs whose mutation matters.

    Returns:
        The graph, and the positions of the inputs that were kept, so that a recipe can follow.
    """
    wanted = set(observed) | set(graph.outputs)
    live = live_nodes(graph, wanted)
    used = set(wanted)
    for position in live:
        used.update(refs(graph.nodes[position]))
    shared = {i.shares for i in graph.inputs if i.id in used and i.shares is not None}
    kept = tuple(p for p, i in enumerate(graph.inputs) if i.id in used or i.id in shared)
    return (
        Graph(
            inputs=tuple(graph.inputs[p] for p in kept),
            constants=tuple(c for c in graph.constants if c.id in used),
            nodes=tuple(node for position, node in enumerate(graph.nodes) if position in live),
            outputs=graph.outputs,
        ),
        kept,
    )
