"""Graphs to and from `torch.fx`, so that a compiler can take them and a user's own model can become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import getitem
from typing import Any

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Graph
from tensorsmith.ir.operators import operator
from tensorsmith.ir.recipe import Literals, Values
from tensorsmith.ir.torch_args import decode_arg, encode_arg, type_of


def returns_list(op: str) -> bool:
    """Whether the operator returns several tensors, as a tuple or as a list."""
    returns = operator(op)._schema.returns
    return len(returns) > 1 or "[]" in str(returns[0].type) or "List" in str(returns[0].type)


def to_fx(graph: Graph, constants: Mapping[int, torch.Tensor], device: str = "cpu") -> torch.fx.GraphModule:
    """A module that runs the graph and returns a tuple of its outputs.

    Args:
        graph: the program.
        constants: the tensor of each constant, by id, on `device`.
        device: what the graph's device symbol stands for.
    """
    root = torch.nn.Module()
    fx_graph = torch.fx.Graph()
    values: dict[int, torch.fx.Node] = {}
    for item in graph.inputs:
        values[item.id] = fx_graph.placeholder(f"x{item.id}")
    for constant in graph.constants:
        name = f"c{constant.id}"
        root.register_buffer(name, constants[constant.id])
        values[constant.id] = fx_graph.get_attr(name)
    for node in graph.nodes:
        call = fx_graph.call_function(
            operator(node.op),
            tuple(decode_arg(a, values.__getitem__, device) for a in node.args),
            {name: decode_arg(a, values.__getitem__, device) for name, a in node.kwargs},
        )
        if returns_list(node.op):
            for position, result in enumerate(node.results):
                values[result] = fx_graph.call_function(getitem, (call, position))
        else:
            values[node.results[0]] = call
    fx_graph.output(tuple(values[o] for o in graph.outputs))
    return torch.fx.GraphModule(root, fx_graph)


def from_fx(module: torch.fx.GraphModule, example_inputs: Sequence[torch.Tensor]) -> Graph:
    """The graph of an fx module whose calls are operator overloads (as `make_fx` and `torch.export` give).

    Raises:
        GraphError: a call is not an operator overload, or a value is of a kind that a graph cannot hold.
    """
    builder = GraphBuilder()
    values: dict[torch.fx.Node, Any] = {}
    inputs = list(example_inputs)
    storages: dict[int, int] = {}
    outputs: list[int] = []

    def ref(node: torch.fx.Node) -> int:
        found = values[node]
        if not isinstance(found, int):
            raise GraphError(f"{node.format_node()}: a list of tensors is used where one tensor is meant")
        return found

    for node in module.graph.nodes:
        if node.op == "placeholder":
            if not inputs:
                raise GraphError(f"the program takes more inputs than the {len(example_inputs)} given")
            tensor = inputs.pop(0)
            storage = tensor.untyped_storage()._cdata
            values[node] = builder.input(type_of(tensor), storages.get(storage))
            storages.setdefault(storage, values[node])
        elif node.op == "get_attr":
            tensor = _attribute(module, node.target)
            contiguous = tensor.detach().clone(memory_format=torch.contiguous_format)
            values[node] = builder.constant(type_of(contiguous), literals(contiguous))
        elif node.op == "call_function" and node.target is getitem:
            values[node] = values[node.args[0]][node.args[1]]
        elif node.op == "call_function" and isinstance(node.target, torch._ops.OpOverload):
            name = f"{node.target._schema.name.replace('::', '.')}.{node.target._overloadname}"
            args: list[Arg] = [encode_arg(a, ref) for a in node.args]
            results = builder.call(name, args, [(k, encode_arg(a, ref)) for k, a in node.kwargs.items()])
            values[node] = list(results) if returns_list(name) else results[0]
        elif node.op == "output":
            outputs = [ref(n) for n in _flat(node.args[0]) if isinstance(n, torch.fx.Node)]
        else:
            raise GraphError(f"{node.format_node()}: only calls of operator overloads become a graph")
    return builder.build(outputs)


def from_function(function: Any, example_inputs: Sequence[torch.Tensor]) -> Graph:
    """The graph of a function or module, traced down to ATen operators on example inputs.

    Raises:
        GraphError: tracing fails, or the trace holds what a graph cannot.
    """
    try:
        with torch.no_grad():
            module = make_fx(function, tracing_mode="fake", _allow_non_fake_inputs=True)(*example_inputs)
    except Exception as error:
        raise GraphError(f"cannot trace the function: {str(error).strip().splitlines()[0]}") from error
    return from_fx(module, example_inputs)


def from_exported(program: torch.export.ExportedProgram) -> tuple[Graph, tuple[torch.Tensor, ...]]:
    """The graph of an exported program, and its example inputs; parameters and buffers become constants.

    Raises:
        GraphError: the program has no example inputs, or holds what a graph cannot.
    """
    if program.example_inputs is None:
        raise GraphError("the exported program has no example inputs")
    args, kwargs = program.example_inputs
    leaves, structure = torch.utils._pytree.tree_flatten((args, kwargs))
    inputs = tuple(leaf for leaf in leaves if isinstance(leaf, torch.Tensor))
    module = program.module()

    def call(*tensors: torch.Tensor) -> Any:
        given = iter(tensors)
        filled = [next(given) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        positional, named = torch.utils._pytree.tree_unflatten(filled, structure)
        return module(*positional, **named)

    return from_function(call, inputs), inputs


def literals(tensor: torch.Tensor) -> Values:
    """The values of a tensor written out, in row-major order.

    Raises:
        GraphError: the tensor is complex.
    """
    if tensor.is_complex():
        raise GraphError(f"values of dtype {tensor.dtype} cannot be written out")
    flat = tensor.detach().reshape(-1).cpu()
    if flat.is_floating_point():
        return Literals(tuple(x if x - x == 0 else str(x) for x in flat.double().tolist()))
    return Literals(tuple(flat.tolist()))


def _attribute(module: torch.nn.Module, path: Any) -> torch.Tensor:
    found: Any = module
    for part in str(path).split("."):
        found = getattr(found, part)
    if not isinstance(found, torch.Tensor):
        raise GraphError(f"attribute {path} is not a tensor")
    return found


def _flat(tree: Any) -> list[Any]:
    return list(torch.utils._pytree.tree_leaves(tree))
