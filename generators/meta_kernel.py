"""What an operator's meta kernel makes of one call."""

from __future__ import annotations

from collections.abc import Mapping

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Node, TensorType, map_refs, refs


def meta_agrees(node: Node, types: Mapping[int, TensorType]) -> bool:
    """Whether the meta kernel accepts a call and gives the results that it has; strides may differ.

    Args:
        node: the call, with the results that eager gives.
        types: the type of every value that it reads.
    """
    builder = GraphBuilder()
    ids: dict[int, int] = {}
    try:
        for ref in refs(node):
            if ref not in ids:
                ids[ref] = builder.input(types[ref])
        builder.call(
            node.op,
            [map_refs(arg, ids) for arg in node.args],
            [(name, map_refs(arg, ids)) for name, arg in node.kwargs],
        )
    except GraphError:
        return False
    made = builder.nodes[-1].types
    return [(t.dtype, t.shape) for t in made] == [(t.dtype, t.shape) for t in node.types]
