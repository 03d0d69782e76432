"""What tracing leaves, made into what a graph can say: calls that keep promises, and tensors that are written to."""

from __future__ import annotations

from collections.abc import Callable
from operator import getitem
from typing import Any

import torch

from tensorsmith.ir.operators import aliased_arguments, is_view, written_arguments

aten = torch.ops.aten


def keep_promises(module: torch.fx.GraphModule) -> None:
    """Replace calls that do more than their schemas say, or less, by those that say what they do, in place.

    Batch norm that writes to its statistics, views and splits that are not promised to be views, and memory without
    values, which becomes zeros: reading it says nothing, and programs write to it before they do. What only asserts
    something is left out, and what copies a tensor onto itself, as `x[1:] += y` does after the addition.
    """
    for node in list(module.graph.nodes):
        replace = _REPLACED.get(node.target) if node.op == "call_function" else None
        if _copies_onto_itself(node):
            node.replace_all_uses_with(node.args[0])
            module.graph.erase_node(node)
        elif _only_asserts(node):
            module.graph.erase_node(node)
        elif replace is not None:
            with module.graph.inserting_before(node):
                replace(module.graph, node)
    module.recompile()


def lift_written(module: torch.fx.GraphModule) -> list[torch.Tensor]:
    """Make inputs of the attributes that the program writes to, after those that it has. It changes the module.

    Returns:
        The attributes, one for each new input.
    """
    attributes = {n.target: _attribute(module, n.target) for n in module.graph.nodes if n.op == "get_attr"}
    written = _written_storages(module)
    lifted = {path: tensor for path, tensor in attributes.items() if _storage(tensor) in written}
    first = next(n for n in module.graph.nodes if n.op != "placeholder")
    new: dict[str, torch.fx.Node] = {}
    with module.graph.inserting_before(first):
        for path in lifted:
            new[path] = module.graph.placeholder(f"lifted_{len(new)}")
    for node in list(module.graph.nodes):
        if node.op == "get_attr" and node.target in new:
            node.replace_all_uses_with(new[node.target])
            module.graph.erase_node(node)
    module.recompile()
    return list(lifted.values())


def _only_asserts(node: torch.fx.Node) -> bool:
    """Whether a call neither returns nor writes anything, as the checks that exported programs are full of."""
    if node.op != "call_function" or not isinstance(node.target, torch._ops.OpOverload):
        return False
    return not node.target._schema.returns and not node.target._schema.is_mutable


def _copies_onto_itself(node: torch.fx.Node) -> bool:
    if node.target is not aten.copy_.default:
        return False
    to, source = (_value(node.args[0]), _value(node.args[1]))
    if to is None or source is None or to.dtype != source.dtype or _storage(to) != _storage(source):
        return False
    return _layout(to) == _layout(source)


def _value(node: Any) -> torch.Tensor | None:
    """The fake tensor that a node stood for while it was traced."""
    found = node.meta.get("val") if isinstance(node, torch.fx.Node) else None
    return found if isinstance(found, torch.Tensor) else None


def _layout(tensor: torch.Tensor) -> tuple[torch.Size, tuple[int, ...], int]:
    return tensor.shape, tensor.stride(), int(tensor.storage_offset())


def _written_storages(module: torch.fx.GraphModule) -> set[int]:
    """The storages of attributes that a call writes to."""
    memory: dict[torch.fx.Node, set[int]] = {}
    written: set[int] = set()
    for node in module.graph.nodes:
        memory[node] = set()
        if node.op == "get_attr":
            memory[node] = {_storage(_attribute(module, node.target))}
        elif node.op == "call_function" and node.target is getitem:
            memory[node] = memory[node.args[0]]
        elif node.op == "call_function" and isinstance(node.target, torch._ops.OpOverload):
            name = f"{node.target._schema.name.replace('::', '.')}.{node.target._overloadname}"
            writes, shared = written_arguments(name), aliased_arguments(name)
            given = dict(zip((a.name for a in node.target._schema.arguments), node.args, strict=False)) | node.kwargs
            for argument, value in given.items():
                reached = {one for leaf in _nodes(value) for one in memory[leaf]}
                if argument in writes:
                    written |= reached
                if (writes or is_view(name)) and (shared is None or argument in shared):
                    memory[node] = memory[node] | reached
    return written


def _nodes(value: Any) -> list[torch.fx.Node]:
    return [leaf for leaf in torch.utils._pytree.tree_leaves(value) if isinstance(leaf, torch.fx.Node)]


def _attribute(module: torch.nn.Module, path: Any) -> torch.Tensor:
    found: Any = module
    for part in str(path).split("."):
        found = getattr(found, part)
    return found if isinstance(found, torch.Tensor) else torch.empty(0)


def _storage(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _with_target(target: Any) -> Callable[[torch.fx.Graph, torch.fx.Node], None]:
    def replace(graph: torch.fx.Graph, node: torch.fx.Node) -> None:
        node.target = target

    return replace


def _batch_norm(graph: torch.fx.Graph, node: torch.fx.Node) -> None:
    x, weight, bias, mean, variance, training, momentum, eps = node.args
    if mean is None:
        node.target, node.args = aten._native_batch_norm_legit.no_stats, (x, weight, bias, training, momentum, eps)
    elif training:
        node.target = aten._native_batch_norm_legit.default
    else:
        node.target = aten._native_batch_norm_legit_no_training.default
        node.args = (x, weight, bias, mean, variance, momentum, eps)


def _zeros(target: Any) -> Callable[[torch.fx.Graph, torch.fx.Node], None]:
    def replace(graph: torch.fx.Graph, node: torch.fx.Node) -> None:
        if node.kwargs.get("memory_format") in (None, torch.contiguous_format):
            node.target = target
            node.kwargs = {name: value for name, value in node.kwargs.items() if name != "memory_format"}

    return replace


def _strided_zeros(graph: torch.fx.Graph, node: torch.fx.Node) -> None:
    size: Any = node.args[0]
    stride: Any = node.args[1]
    reach = 0 if 0 in size else 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    flat = graph.call_function(aten.zeros.default, ([reach],), dict(node.kwargs))
    node.target, node.args, node.kwargs = aten.as_strided.default, (flat, size, stride), {}


_REPLACED: dict[Any, Callable[[torch.fx.Graph, torch.fx.Node], None]] = {
    aten._unsafe_view.default: _with_target(aten.view.default),
    aten.unsafe_split.Tensor: _with_target(aten.split.Tensor),
    aten.unsafe_split_with_sizes.default: _with_target(aten.split_with_sizes.default),
    aten.unsafe_chunk.default: _with_target(aten.chunk.default),
    aten.native_batch_norm.default: _batch_norm,
    aten.empty.memory_format: _zeros(aten.zeros.default),
    aten.empty_like.default: _zeros(aten.zeros_like.default),
    aten.new_empty.default: _zeros(aten.new_zeros.default),
    aten.empty_strided.default: _strided_zeros,
}
