"""Faults planted into Inductor, each in one part of it: a decomposition, a pass on graphs, a lowering, a setting.

A context manager plants one in this process and in what it forks; an import with `TENSORSMITH_PLANT` set to a name
plants one for good.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import torch
from torch._dynamo.backends import debugging
from torch._functorch._aot_autograd.utils import make_boxed_func
from torch._inductor import config
from torch._inductor.decomposition import fast_random_decomps
from torch._inductor.lowering import lowerings

aten = torch.ops.aten


def mul_is_add(graph: torch.fx.Graph) -> None:
    """Every product becomes a sum."""
    for node in graph.nodes:
        if node.target is aten.mul.Tensor:
            node.target = aten.add.Tensor


def mul_is_add_if_fused(graph: torch.fx.Graph) -> None:
    """As `mul_is_add`, unless the setting `epilogue_fusion` is off."""
    if config.epilogue_fusion:
        mul_is_add(graph)


def mul_is_add_if_aggressive(graph: torch.fx.Graph) -> None:
    """As `mul_is_add`, where the setting `aggressive_fusion` is on."""
    if config.aggressive_fusion:
        mul_is_add(graph)


def raises_on_mul(graph: torch.fx.Graph) -> None:
    """A pass that cannot do with products."""
    if any(node.target is aten.mul.Tensor for node in graph.nodes):
        raise AssertionError(f"planted: no rule for mul among {len(graph.nodes)} nodes")


def _pass(function: Callable[[torch.fx.Graph], None]) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: config.patch(post_grad_custom_post_pass=function)


@contextlib.contextmanager
def _replaced(table: dict[Any, Any], op: Any, function: Callable[..., Any]) -> Iterator[None]:
    known = table.get(op)
    table[op] = function
    try:
        yield
    finally:
        if known is None:
            del table[op]
        else:
            table[op] = known


def _decomposition() -> AbstractContextManager[None]:
    def hardtanh(x: torch.Tensor, low: float = -1, high: float = 1) -> torch.Tensor:
        return torch.clamp(x, low, high) + 0.25

    return _replaced(fast_random_decomps(), aten.hardtanh.default, hardtanh)


def _lowering() -> AbstractContextManager[None]:
    return _replaced(lowerings, aten.sigmoid.default, lowerings[aten.tanh.default])


def _one_more(gm: torch.fx.GraphModule, inputs: object) -> Callable[..., Any]:
    """A compiler that adds 1 to all that it returns."""
    made: Callable[..., Any] = make_boxed_func(lambda *values: [value + 1 for value in gm(*values)])
    return made


def _beside_all_parts() -> AbstractContextManager[Any]:
    return patch.object(debugging, "get_nop_func", lambda: _one_more)


PLANTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "pass": _pass(mul_is_add),
    "raising-pass": _pass(raises_on_mul),
    "fused": _pass(mul_is_add_if_fused),
    "aggressive": _pass(mul_is_add_if_aggressive),
    "decomposition": _decomposition,
    "lowering": _lowering,
    "beside-all-parts": _beside_all_parts,
}

if planted := os.environ.get("TENSORSMITH_PLANT", ""):
    PLANTS[planted]().__enter__()
