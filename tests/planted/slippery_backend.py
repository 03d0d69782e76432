"""A torch.compile backend whose wrong result is one call away from an error; it imports torch only.

`tanh(abs(sigmoid(x)))` is off by one, and `tanh(sigmoid(x))` cannot be compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._dynamo import register_backend


class SlipperyError(Exception):
    """What the second bug raises."""


def _chain(node: Any) -> list[str]:
    """The names of a call and of what its first operands come from."""
    names: list[str] = []
    while isinstance(node, torch.fx.Node) and node.op == "call_function":
        names.append(node.target._schema.name.removeprefix("aten::"))  # type: ignore[union-attr]
        node = node.args[0] if node.args else None
    return names


@register_backend(name="slippery")
def slippery(module: torch.fx.GraphModule, example_inputs: Sequence[torch.Tensor]) -> Callable[..., Any]:
    for node in list(module.graph.nodes):
        if _chain(node)[:2] == ["tanh", "sigmoid"]:
            raise SlipperyError("no tanh of a sigmoid")
        if _chain(node)[:3] == ["tanh", "abs", "sigmoid"]:
            with module.graph.inserting_after(node):
                extra = module.graph.call_function(torch.ops.aten.add.Tensor, (node, 1))
            node.replace_all_uses_with(extra)
            extra.args = (node, 1)
    module.recompile()
    return module.forward
