"""Running a graph call by call, so that every intermediate value can be looked at and varied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from tensorsmith.ir.graph import Graph, Node
from tensorsmith.ir.operators import operator
from tensorsmith.ir.torch_args import decode_arg, flatten_results

# Makes the call of a node: gets the node, its arguments and keyword arguments, and returns what the operator would.
Caller = Callable[[Node, list[Any], dict[str, Any]], Any]


def plain_call(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The call itself."""
    return operator(node.op)(*args, **kwargs)


def interpret(
    graph: Graph,
    inputs: Sequence[torch.Tensor],
    constants: Mapping[int, torch.Tensor],
    device: str,
    call: Caller = plain_call,
) -> list[torch.Tensor]:
    """Run the graph on inputs, which it may write to, and return its outputs."""
    values: dict[int, torch.Tensor] = {i.id: t for i, t in zip(graph.inputs, inputs, strict=True)}
    values.update(constants)
    with torch.no_grad():
        for node in graph.nodes:
            args = [decode_arg(a, values.__getitem__, device) for a in node.args]
            kwargs = {name: decode_arg(a, values.__getitem__, device) for name, a in node.kwargs}
            results = flatten_results(call(node, args, kwargs))
            values.update(zip(node.results, results, strict=True))
    return [values[o] for o in graph.outputs]
