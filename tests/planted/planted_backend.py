"""A torch.compile backend with five planted bugs, and a sixth difference that is only rounding.

It runs the graph operator by operator, except that it
1. miscompiles sigmoid, 2. raises on cumsum, 3. hangs on flip, 4. dies of a segmentation fault on roll,
5. writes to the program's first input when the program has a tanh, and 6. computes exp by way of float64.
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
        if name == "exp" and args[0].dtype is torch.float32:
            return torch.exp(args[0].double()).float()
        return super().call_function(target, args, kwargs)


@register_backend(name="planted")
def planted(module: torch.fx.GraphModule, example_inputs: Sequence[torch.Tensor]) -> Callable[..., Any]:
    names = {_name(node.target) for node in module.graph.nodes if node.op == "call_function"}
    if "cumsum" in names:
        raise PlantedError(f"cannot lower cumsum in a graph of {len(module.graph.nodes)} nodes")
    if "flip" in names:
        while True:
            pass
    if "roll" in names:
        os.kill(os.getpid(), signal.SIGSEGV)

    def run(*inputs: torch.Tensor) -> Any:
        outputs = Planted(module).run(*inputs)
        if "tanh" in names:
            for tensor in inputs:
                if tensor.is_floating_point() and tensor.numel() and tensor.is_contiguous():
                    tensor.add_(1)
                    break
        return outputs

    return run


def _name(target: Any) -> str:
    return target._schema.name.removeprefix("aten::") if isinstance(target, torch._ops.OpOverload) else ""
