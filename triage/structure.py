"""The structure of a program: which operators it calls, and which of them reads what another gives; nothing else.

Shapes, dtypes, other arguments, the order of operands and the values of inputs vary from one reduction to the next, and
say less about what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx as nx

from tensorsmith.ir.graph import Graph, Node, refs

# Programs of more calls than this are too long to be looked for in others, or to be told by their structure.
PATTERN_LIMIT = 8
_DIGEST_BYTES = 8


def dataflow(graph: Graph) -> Any:
    """The calls by position, labeled, with an edge from each call to those that read its results."""
    dag = nx.DiGraph()
    types = graph.types()
    definer = {result: position for position, node in enumerate(graph.nodes) for result in node.results}
    for position, node in enumerate(graph.nodes):
        dag.add_node(position, op=node.op, dtypes=tuple(types[r].dtype for r in _values(node)))
        dag.add_edges_from((definer[r], position) for r in refs(node) if r in definer)
    return dag


def structure_of(graph: Graph) -> str:
    """A hash of the calls and of who reads whom, 16 hex digits; empty for programs of one call, whose operator says it
    all, and for those of more than PATTERN_LIMIT.

    Algorithm: Weisfeiler-Lehman, see `tensorsmith.ir.networks.structural_hash`.
    """
    if not 1 < len(graph.nodes) <= PATTERN_LIMIT:
        return ""
    calls = dataflow(graph)
    # The algorithm does not know directions, so every edge becomes a node with two sides.
    sides = nx.Graph()
    sides.add_nodes_from((position, {"label": attributes["op"]}) for position, attributes in calls.nodes(data=True))
    for edge in calls.edges():
        sides.add_node(edge, label="")
        sides.add_edge(edge[0], edge, label="out")
        sides.add_edge(edge, edge[1], label="in")
    rounds = 2 * PATTERN_LIMIT
    found = nx.weisfeiler_lehman_graph_hash(
        sides, edge_attr="label", node_attr="label", iterations=rounds, digest_size=_DIGEST_BYTES
    )
    return str(found)


def _values(node: Node) -> Iterator[int]:
    yield from refs(node)
    yield from node.results
