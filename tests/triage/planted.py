"""Backends of torch.compile with planted bugs; this file imports torch only, so that a script can contain it."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import torch
from torch._dynamo import register_backend


def _follows(node: torch.fx.Node, name: str, before: str) -> bool:
    operand = node.args[0] if node.args else None
    return _named(node, name) and isinstance(operand, torch.fx.Node) and _named(operand, before)


def _named(node: torch.fx.Node, name: str) -> bool:
    return bool(getattr(getattr(node.target, "_schema", None), "name", "") == f"aten::{name}")


@register_backend
def planted(module: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Callable[..., Any]:
    """mul after relu adds 1; tanh after sigmoid cannot be compiled; other things for the other channels."""
    for node in list(module.graph.nodes):
        if _follows(node, "mul", "relu"):
            with module.graph.inserting_after(node):
                extra = module.graph.call_function(torch.ops.aten.add.Tensor, (node, 1))
            node.replace_all_uses_with(extra)
            extra.args = (node, 1)
        if _follows(node, "tanh", "sigmoid"):
            raise AssertionError(f"planted: cannot lower {node.name}")
        if _follows(node, "exp", "neg"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if _follows(node, "cos", "neg"):
            time.sleep(3600)
        if _follows(node, "relu", "neg"):
            time.sleep(1)
        if _named(node, "t"):
            with module.graph.inserting_after(node):
                extra = module.graph.call_function(torch.ops.aten.clone.default, (node,))
            node.replace_all_uses_with(extra)
            extra.args = (node,)
        if _follows(node, "sin", "neg"):
            with module.graph.inserting_after(node):
                extra = module.graph.call_function(torch.ops.aten.to.dtype, (node, torch.float64))
            node.replace_all_uses_with(extra)
            extra.args = (node, torch.float64)
        if _named(node, "add_") and _follows(node, "add_", "relu_"):
            node.target = torch.ops.aten.add.Tensor
    module.recompile()
    return module.forward
