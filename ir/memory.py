"""Which values of a graph may share memory, as far as the operators' schemas say; nothing is run."""

from __future__ import annotations

from collections.abc import Iterable

from tensorsmith.ir.graph import Graph, Node, arg_refs, refs
from tensorsmith.ir.operators import aliased_arguments, is_view, operator, written_arguments


def memory_groups(graph: Graph) -> dict[int, int]:
    """For every value, the id of a value that stands for its group; values of different groups never share memory."""
    parent: dict[int, int] = {value: value for value in graph.types()}

    def root(value: int) -> int:
        while parent[value] != value:
            parent[value] = parent[parent[value]]
            value = parent[value]
        return value

    for item in graph.inputs:
        if item.shares is not None:
            parent[root(item.id)] = root(item.shares)
    for node in graph.nodes:
        if written_arguments(node.op) or is_view(node.op):
            for ref in _shared(node):
                for result in node.results:
                    parent[root(result)] = root(ref)
    return {value: root(value) for value in parent}


def _shared(node: Node) -> Iterable[int]:
    """The values whose memory the results of a call may have."""
    names = aliased_arguments(node.op)
    if names is None:
        return refs(node)
    order = [argument.name for argument in operator(node.op)._schema.arguments]
    given = dict(zip(order, node.args, strict=False)) | dict(node.kwargs)
    return [id_ for name in names for id_ in arg_refs(given.get(name))]
