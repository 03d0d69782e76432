"""Graphs to and from `torch.fx`, so that a compiler can take them and a user's own model can become one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import getitem
from typing import Any

import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import GraphError, TensorsmithError
from tensorsmith.ir.graph import Arg, Graph, Ref
from tensorsmith.ir.kept_values import KEPT_LIMIT, drawn_like, kept
from tensorsmith.ir.operators import operator
from tensorsmith.ir.torch_args import decode_arg, encode_arg, type_of
from tensorsmith.ir.traced import keep_promises, lift_written


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
    attributes: dict[Any, int] = {}
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
            # One attribute is read as often as it is used.
            known = attributes.get(node.target)
            if known is None:
                known = attributes[node.target] = _add_constant(builder, _attribute(module, node.target))
            values[node] = known
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


def from_call(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None
) -> tuple[Graph, tuple[torch.Tensor, ...]]:
    """The graph of a call of a function or module, traced down to ATen operators, and its inputs.

    The inputs are the tensors among the arguments, in lists and dictionaries too, and then those parameters, buffers
    and variables that the call writes to; others become constants. Arguments that are no tensors are part of it.
    What the call returns besides tensors is left out. What is written to values that no one gave reads zeros there.

    Raises:
        GraphError: the call raises, tracing fails, or the trace holds what a graph cannot.
    """
    leaves, structure = tree_flatten((tuple(args), dict(kwargs or {})))
    inputs = tuple(leaf for leaf in leaves if isinstance(leaf, torch.Tensor))

    def call(*tensors: torch.Tensor) -> list[torch.Tensor]:
        given = iter(tensors)
        filled = [next(given) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        positional, named = tree_unflatten(filled, structure)
        return _returned_tensors(function(*positional, **named))

    state = _state(function)
    saved = [tensor.detach().clone() for tensor in state]
    try:
        with torch.no_grad(), _plain_recurrence():
            module = make_fx(call, tracing_mode="fake", _allow_non_fake_inputs=True)(*inputs)
            for tensor, before in zip(state, saved, strict=True):
                tensor.detach().copy_(before)  # tracing executes what is done to tensors of one element
    except TensorsmithError:
        raise
    except Exception as error:
        raise GraphError(_why_not_traced(call, inputs, error)) from error
    keep_promises(module)
    lifted = lift_written(module)
    return from_fx(module, [*inputs, *lifted]), (*inputs, *lifted)


def from_exported(program: torch.export.ExportedProgram) -> tuple[Graph, tuple[torch.Tensor, ...]]:
    """The graph of an exported program and its inputs, as `from_call` gives them for its example inputs.

    Raises:
        GraphError: the program has no example inputs, or holds what a graph cannot.
    """
    if program.example_inputs is None:
        raise GraphError("the exported program has no example inputs")
    args, kwargs = program.example_inputs
    return from_call(program.module(), args, kwargs)


@contextlib.contextmanager
def _plain_recurrence() -> Iterator[None]:
    """Without oneDNN recurrent layers are traced to what they compute, and not to one call that compilers never see."""
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


def _returned_tensors(returned: Any) -> list[torch.Tensor]:
    leaves = tree_leaves(returned)
    for leaf in leaves:
        if not isinstance(leaf, (torch.Tensor, bool, int, float, complex, str, torch.dtype, torch.Size, type(None))):
            raise GraphError(f"the program returns a {type(leaf).__name__}; return tensors, in tuples, lists or dicts")
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    if not tensors:
        raise GraphError("the program returns no tensor, so there is nothing to compare")
    return tensors


def _state(function: Any) -> list[torch.Tensor]:
    """The tensors that a function or module is known to close over."""
    near = [function, getattr(function, "__self__", None)]
    code = getattr(function, "__code__", None)
    if code is not None:
        near += [function.__globals__.get(name) for name in code.co_names]
        near += [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    modules = [one for one in near if isinstance(one, torch.nn.Module)]
    tensors = [one for one in near if isinstance(one, torch.Tensor)]
    return tensors + [t for module in modules for t in (*module.parameters(), *module.buffers())]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _why_not_traced(call: Callable[..., Any], inputs: Sequence[torch.Tensor], error: Exception) -> str:
    """Whether it is the program that raises, or tracing that does not take it."""
    try:
        with torch.no_grad():
            call(*(tensor.detach().clone() for tensor in inputs))
    except Exception as own:
        return f"the program raises {type(own).__name__} on its example inputs: {_first_line(own)}"
    return f"cannot trace the function, as what it does depends on values, or is no operator: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0]


def _add_constant(builder: GraphBuilder, tensor: torch.Tensor) -> int:
    contiguous = tensor.detach().clone(memory_format=torch.contiguous_format)
    seed = len(builder.constants)
    if contiguous.is_floating_point() and contiguous.numel() > KEPT_LIMIT:
        values, factor = drawn_like(contiguous, seed)
        return builder.call("aten.mul.Scalar", (Ref(builder.constant(type_of(contiguous), values)), factor))[0]
    return builder.constant(type_of(contiguous), kept(contiguous, seed))


def _attribute(module: torch.nn.Module, path: Any) -> torch.Tensor:
    found: Any = module
    for part in str(path).split("."):
        found = getattr(found, part)
    if not isinstance(found, torch.Tensor):
        raise GraphError(f"attribute {path} is not a tensor")
    return found


def _flat(tree: Any) -> list[Any]:
    return list(tree_leaves(tree))
