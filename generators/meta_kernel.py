"""What an operator's meta kernel makes of one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Node, TensorType, map_refs, refs
from tensorsmith.ir.operators import operator
from tensorsmith.ir.torch_args import TO_TORCH, decode_arg, flatten_results


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


def meta_device_agrees(node: Node, types: Mapping[int, TensorType]) -> bool:
    """Whether the operator takes the call on the meta device and gives the results that it has; strides may differ.

    Several times faster than `meta_agrees`, which asks fake tensors: what holds here holds there as well, but a few
    operators have no meta kernel and are run by fake tensors all the same.

    Args:
        node: the call, with the results that eager gives.
        types: the type of every value that it reads.
    """
    made: dict[int, torch.Tensor] = {}

    def stand_in(id_: int) -> torch.Tensor:
        if id_ not in made:
            type_ = types[id_]
            made[id_] = torch.empty_strided(type_.shape, type_.strides, dtype=TO_TORCH[type_.dtype], device="meta")
        return made[id_]

    overload: Any = operator(node.op)
    try:
        with torch.no_grad():
            returned = overload(
                *(decode_arg(arg, stand_in, "meta") for arg in node.args),
                **{name: decode_arg(arg, stand_in, "meta") for name, arg in node.kwargs},
            )
    except Exception:
        # Meta kernels reject with every kind of exception.
        return False
    results = [(result.dtype, tuple(result.shape)) for result in flatten_results(returned)]
    return results == [(TO_TORCH[type_.dtype], type_.shape) for type_ in node.types]
