"""Enter Inductor below Dynamo: a GraphModule straight into AOTAutograd, lowering and code generation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch._functorch import config as functorch_config
from torch._inductor import config
from torch._inductor.codecache import PyCodeCache
from torch._inductor.compile_fx import compile_fx


def compile_graph(gm: torch.fx.GraphModule, example_inputs: Sequence[Tensor]) -> Callable[..., list[Tensor]]:
    """Compile ``gm`` for inference, specialized to the shapes, strides and dtypes of ``example_inputs``.

    ``gm`` must return a tuple or list; it is left as it was. The result takes the inputs as positional
    arguments; input mutation and outputs that alias inputs work as in eager. No graph cache is read or
    written. Raises what Inductor raises.
    """
    # A generated module is remembered by its text alone, so that one compiled under other C++ flags would be reused.
    PyCodeCache.cache_clear()
    uncached: Any = functorch_config.patch(enable_autograd_cache=False, enable_remote_autograd_cache=False)
    with torch.no_grad(), config.patch(fx_graph_cache=False, fx_graph_remote_cache=False), uncached:
        compiled: Any = compile_fx(copy.deepcopy(gm), list(example_inputs))
    return cast(Callable[..., list[Tensor]], compiled)
