"""A graph as a network: what structural hashes and pictures are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import networkx as nx

from tensorsmith.ir.graph import Arg, Graph, Node, Ref, arg_refs, refs
from tensorsmith.ir.memory import memory_groups
from tensorsmith.ir.operators import written_arguments
from tensorsmith.ir.text import format_arg, format_type

# Rounds of Weisfeiler-Lehman; two rounds reach one operator further.
ROUNDS = 16
DIGEST_BYTES = 8


def to_networkx(graph: Graph) -> nx.MultiDiGraph:
    """The network of a graph.

    Nodes have a `kind`: `input` and `constant` (named `%id`, with `type`), `operator` (named `call position`, with
    `op` and `arguments`, where `_` stands for a tensor) and `output` (named `output position`). Edges have a `kind`:

    - `data`, from where a value comes from to where it is used, with `argument` (such as `0`, `1[2]`, `alpha`),
      `result` (which result of a call it is) and `type`;
    - `order`, from a call to a later one that must not overtake it, because one of them writes to memory that both
      may touch;
    - `shares`, from an input to another that is a view of it.
    """
    network = nx.MultiDiGraph()
    types = graph.types()
    origin: dict[int, tuple[str, int]] = {}

    def use(value: int, user: str, argument: str) -> None:
        source, result = origin[value]
        network.add_edge(source, user, kind="data", argument=argument, result=result, type=format_type(types[value]))

    for item in graph.inputs:
        network.add_node(f"%{item.id}", kind="input", type=format_type(item.type))
        origin[item.id] = (f"%{item.id}", 0)
        if item.shares is not None:
            network.add_edge(f"%{item.shares}", f"%{item.id}", kind="shares")
    for constant in graph.constants:
        network.add_node(f"%{constant.id}", kind="constant", type=format_type(constant.type))
        origin[constant.id] = (f"%{constant.id}", 0)
    for position, node in enumerate(graph.nodes):
        name = f"call {position}"
        network.add_node(name, kind="operator", op=node.op, arguments=_without_refs(node))
        for argument, arg in _named_arguments(node):
            for place, value in _places(argument, arg):
                use(value, name, place)
        origin.update({result: (name, i) for i, result in enumerate(node.results)})
    for before, after in _order(graph):
        network.add_edge(f"call {before}", f"call {after}", kind="order")
    for position, value in enumerate(graph.outputs):
        network.add_node(f"output {position}", kind="output")
        use(value, f"output {position}", str(position))
    return network


def structural_hash(graph: Graph) -> str:
    """A hash, 16 hex digits, of operators, wiring, types and arguments; values of inputs and constants do not count.

    Equal for graphs that differ in the numbers of values or in the order of independent calls only. As with every
    Weisfeiler-Lehman hash, different graphs may, rarely, agree.

    Algorithm: N. Shervashidze, P. Schweitzer, E. J. van Leeuwen, K. Mehlhorn, K. M. Borgwardt, "Weisfeiler-Lehman
    Graph Kernels", Journal of Machine Learning Research 12 (2011).
    """
    network = to_networkx(graph)
    # The algorithm knows neither directions nor parallel edges, so every edge becomes a node, with its two sides told
    # apart by the labels of the edges to it.
    simple = nx.Graph()
    for name, node in network.nodes(data=True):
        simple.add_node(("node", name), label=_label(node, ("kind", "type", "op", "arguments")))
    for number, (source, target, edge) in enumerate(network.edges(data=True)):
        simple.add_node(("edge", number), label=_label(edge, ("kind", "argument", "result", "type")))
        simple.add_edge(("node", source), ("edge", number), label="out")
        simple.add_edge(("edge", number), ("node", target), label="in")
    return str(
        nx.weisfeiler_lehman_graph_hash(
            simple, edge_attr="label", node_attr="label", iterations=ROUNDS, digest_size=DIGEST_BYTES
        )
    )


def to_dot(graph: Graph) -> str:
    """The graph in Graphviz's DOT language."""
    network = to_networkx(graph)
    shapes = {"input": "ellipse", "constant": "hexagon", "operator": "box", "output": "plaintext"}
    lines = ["digraph program {", "  node [fontname=monospace];", "  edge [fontname=monospace];"]
    for name, node in network.nodes(data=True):
        if node["kind"] == "operator":
            label = f"{node['op']}\n{node['arguments']}"
        else:
            label = f"{name}\n{node['type']}" if "type" in node else name
        lines.append(f"  {_quoted(name)} [label={_quoted(label)}, shape={shapes[node['kind']]}];")
    for source, target, edge in network.edges(data=True):
        if edge["kind"] == "data":
            lines.append(f"  {_quoted(source)} -> {_quoted(target)} [label={_quoted(edge['type'])}];")
        else:
            lines.append(f"  {_quoted(source)} -> {_quoted(target)} [label={edge['kind']}, style=dashed];")
    lines.append("}")
    return "\n".join(lines)


def _label(attributes: Mapping[str, object], keys: tuple[str, ...]) -> str:
    return "|".join(str(attributes.get(key, "")) for key in keys)


def _order(graph: Graph) -> Iterator[tuple[int, int]]:
    """Pairs of positions of calls, the second after the first, of which one writes to memory that both may touch."""
    groups = memory_groups(graph)
    touched = [{groups[value] for value in (*refs(node), *node.results)} for node in graph.nodes]
    written = [_written_groups(node, groups) for node in graph.nodes]
    for after in range(len(graph.nodes)):
        for before in range(after):
            if written[after] & touched[before] or written[before] & touched[after]:
                yield before, after


def _written_groups(node: Node, groups: dict[int, int]) -> set[int]:
    return {groups[value] for value in node.results} if written_arguments(node.op) else set()


def _named_arguments(node: Node) -> list[tuple[str, Arg]]:
    return [(str(position), arg) for position, arg in enumerate(node.args)] + list(node.kwargs)


def _places(argument: str, arg: Arg) -> Iterator[tuple[str, int]]:
    if isinstance(arg, tuple):
        for position, atom in enumerate(arg):
            for value in arg_refs(atom):
                yield f"{argument}[{position}]", value
    else:
        for value in arg_refs(arg):
            yield argument, value


def _without_refs(node: Node) -> str:
    def hollow(arg: Arg) -> str:
        if isinstance(arg, tuple):
            return f"[{', '.join(map(hollow, arg))}]"
        return "_" if isinstance(arg, Ref) else format_arg(arg)

    args = [hollow(arg) for arg in node.args]
    args += [f"{name}={hollow(arg)}" for name, arg in sorted(node.kwargs, key=lambda item: item[0])]
    return f"({', '.join(args)})"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
