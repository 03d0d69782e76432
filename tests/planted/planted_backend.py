"""A torch.compile backend with five planted bugs, and a sixth difference that is only rounding.

It runs the graph operator by operator, except that it
1. miscompiles sigmoid, 2. raises on amin, 3. hangs on argmin, 4. dies of a segmentation fault on amax,
5. writes to the program's first float input when the program has a clamp, and 6. computes mean by way of float64.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._dynamo import register_backend


class PlantedError(Exception):
    """What the second bug raises."""


class Planted(torch.fx.Interpreter):
    """Runs a graph with the bugs."""

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        name = _name(target)
        if name == "sigmoid":
            return torch.sigmoid(args[0]) + 0.25
        if name == "mean" and args[0].dtype is torch.float32 and "dtype" not in kwargs:
            return super().call_function(target, (args[0].double(), *args[1:]), kwargs).float()
        return super().call_function(target, args, kwargs)


@register_backend(name="planted")
def planted(module: torch.fx.GraphModule, example_inputs: Sequence[torch.Tensor]) -> Callable[..., Any]:
    names = {_name(node.target) for node in module.graph.nodes if node.op == "call_function"}
    if "amin" in names:
        raise PlantedError(f"cannot lower amin in a graph of {len(module.graph.nodes)} nodes")
    if "argmin" in names:
        while True:
            pass
    if "amax" in names:
        os.kill(os.getpid(), signal.SIGSEGV)

    def run(*inputs: torch.Tensor) -> Any:
        outputs = Planted(module).run(*inputs)
        if "clamp" in names:
            for tensor in inputs:
                if (
                    isinstance(tensor, torch.Tensor)
                    and tensor.is_floating_point()
                    and tensor.numel()
                    and tensor.is_contiguous()
                ):
                    tensor.add_(1)
                    break
        return outputs

    return run


def _name(target: Any) -> str:
    if not isinstance(target, torch._ops.OpOverload) or target._overloadname != "default":
        return ""
    return target._schema.name.removeprefix("aten::")


@register_backend(name="hungry")
def hungry(module: torch.fx.GraphModule, example_inputs: Sequence[torch.Tensor]) -> Callable[..., Any]:
    """A backend whose compilation never has enough memory."""
    kept = []
    while True:
        kept.append(torch.ones(1 << 24))
