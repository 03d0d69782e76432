"""A torch.compile backend with eight planted bugs, no two of one shape; it imports torch only, as scripts import it.

It runs the graph operator by operator, except that
1. `sigmoid` is off by a quarter (a single operator);
2. `mul` after `relu` is off by one (a pair);
3. `relu` after `mul` is off by one in float64 (the same pair the other way round, and of one dtype);
4. a program with a `clamp` gets its first float input written to;
5. `exp` of what is not contiguous takes its elements in the order of memory (wrong strides);
6. `amin` cannot be compiled, and what is said has names and numbers of the program in it;
7. `amax` is a segmentation fault of the compiler;
8. `cos` of more than sixteen elements is wrong in the last one (a size).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._dynamo import register_backend

LARGEST = 16


class EightError(Exception):
    """What the sixth bug raises."""


class _Run(torch.fx.Interpreter):
    def run_node(self, node: torch.fx.Node) -> Any:
        made, name = super().run_node(node), _name(node)
        operand = node.args[0] if node.args and isinstance(node.args[0], torch.fx.Node) else None
        before = "" if operand is None else _name(operand)
        if name == "sigmoid":
            return made + 0.25
        if name == "mul" and before == "relu":
            return made + 1
        if name == "relu" and before == "mul" and made.dtype is torch.float64:
            return made + 1
        if name == "exp":
            return _in_memory_order(self.env[operand]).exp() if operand is not None else made
        if name == "cos" and made.numel() > LARGEST:
            made = made.contiguous()
            made.view(-1)[-1] += 0.5
        return made


@register_backend(name="eight")
def eight(module: torch.fx.GraphModule, example_inputs: Sequence[torch.Tensor]) -> Callable[..., Any]:
    calls = [node for node in module.graph.nodes if node.op == "call_function"]
    names = {_name(node) for node in calls}
    for node in reversed(calls):
        if _name(node) == "amin":
            made, readers = node.meta["example_value"], [user.name for user in node.users]
            said = f"{made.dtype}{list(made.shape)}, call {calls.index(node)}, read by {readers}"
            raise EightError(f"cannot lower {node.name}: {said}")
    if "amax" in names:
        os.kill(os.getpid(), signal.SIGSEGV)

    def run(*inputs: torch.Tensor) -> Any:
        outputs = _Run(module).run(*inputs)
        if "clamp" in names:
            for tensor in inputs:
                if isinstance(tensor, torch.Tensor) and tensor.is_floating_point() and tensor.numel():
                    tensor.add_(1)
                    break
        return outputs

    return run


def _in_memory_order(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.is_contiguous() or not torch.ops.aten.is_non_overlapping_and_dense(tensor):
        return tensor
    contiguous = torch.empty(tensor.shape).stride()
    return tensor.as_strided(tensor.shape, contiguous)


def _name(node: torch.fx.Node) -> str:
    return node.target._schema.name.removeprefix("aten::") if isinstance(node.target, torch._ops.OpOverload) else ""
