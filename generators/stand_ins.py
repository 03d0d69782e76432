"""Programs without some of their calls: inputs that hold what eager computed stand for the results."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import torch

from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Graph, Input, Node, canonical, refs
from tensorsmith.ir.kept_values import literals
from tensorsmith.ir.recipe import InputRecipe, Values
from tensorsmith.ir.torch_args import flatten_results
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.targets.interpret import interpret, plain_call


def without_calls(graph: Graph, recipe: InputRecipe, removed: Set[int]) -> tuple[Graph, InputRecipe]:
    """The program without the calls at some positions, and without what only they read; it has new inputs of the same
    types for their results, and does not return these.

    Args:
        graph: the program.
        recipe: its input values.
        removed: positions of nodes; none of them may write.

    Raises:
        GraphError: nothing is left to return, or a value cannot be written out.
    """
    gone = {result for position in removed for result in graph.nodes[position].results}
    nodes = tuple(node for position, node in enumerate(graph.nodes) if position not in removed)
    outputs = tuple(o for o in graph.outputs if o not in gone)
    if not outputs:
        raise GraphError("nothing that the program returns is left")
    used = {ref for node in nodes for ref in refs(node)} | set(outputs)
    used |= {i.shares for i in graph.inputs if i.id in used and i.shares is not None}
    kept = [(item, values) for item, values in zip(graph.inputs, recipe.inputs, strict=True) if item.id in used]
    types = graph.types()
    stand_ins = [(Input(id_, types[id_]), values) for id_, values in _computed(graph, recipe, gone & used).items()]
    inputs = (*kept, *stand_ins)
    constants = tuple(c for c in graph.constants if c.id in used)
    return (
        canonical(Graph(tuple(item for item, _ in inputs), nodes, outputs, constants)),
        InputRecipe(tuple(values for _, values in inputs)),
    )


def _computed(graph: Graph, recipe: InputRecipe, wanted: Set[int]) -> dict[int, Values]:
    """The storage of each of these values as it was when it was computed, written out."""
    found: dict[int, Values] = {}
    types = graph.types()

    def note(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
        returned = plain_call(node, args, kwargs)
        for id_, tensor in zip(node.results, flatten_results(returned), strict=True):
            if id_ in wanted:
                found[id_] = literals(torch.as_strided(tensor, (types[id_].storage_size,), (1,), 0))
        return returned

    if wanted:
        interpret(graph, make_inputs(graph, recipe), make_constants(graph), "cpu", note)
    return found
