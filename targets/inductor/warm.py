"""Pay once, in one process, what every compilation would otherwise pay: imports, lazy tables, precompiled header.

A warm process may be forked: no thread runs in it that a child would miss, and children inherit all that was paid.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from typing import Any

import torch
from torch._functorch import config as functorch_config
from torch._inductor import config
from torch._inductor.dtype_propagation import DtypePropagationOpsHandler

from tensorsmith.targets.dynamo import warm_dynamo
from tensorsmith.targets.inductor.direct import compile_graph
from tensorsmith.targets.inductor.kernel_batch import QUICK_FLAGS, deferred_kernels
from tensorsmith.targets.inductor.strides import remember_strides

aten = torch.ops.aten

# None of these touches what is computed or generated for a graph: no worker processes, no graph caches, and no
# benchmark function (with its own fake inputs) appended to each generated module.
QUICK_SETTINGS: dict[str, object] = {
    "compile_threads": 1,
    "fx_graph_cache": False,
    "fx_graph_remote_cache": False,
    "autotune_local_cache": False,
    "benchmark_harness": False,
}
QUICK_AOT_SETTINGS: dict[str, object] = {
    "enable_autograd_cache": False,
    "enable_remote_autograd_cache": False,
}


def warm(simdlens: Sequence[int | None] = (None,)) -> None:
    """Make this process ready to compile graphs, or to be forked into processes that are.

    Applies the quick settings for good, limits torch to one thread, and compiles and runs one small graph per
    entry of ``simdlens`` (values of ``config.cpp.simdlen``: each has C++ flags, so a precompiled header, of its
    own). Call it before anything else starts threads. Set ``TORCHINDUCTOR_CACHE_DIR`` first to keep the outcome.
    """
    os.environ["TORCH_WARM_POOL"] = "0"
    torch.set_num_threads(1)
    for name, value in QUICK_SETTINGS.items():
        setattr(config, name, value)
    for name, value in QUICK_AOT_SETTINGS.items():
        setattr(functorch_config, name, value)
    for simdlen in simdlens:
        with config.patch({"cpp.simdlen": simdlen}):
            _compile_and_run()
    with config.patch({"freezing": True}):
        _compile_and_run()
    remember_strides()
    _keep_dtype_rules()
    warm_dynamo()
    # What lives now lives on: the collector need not walk it again, nor a child copy its pages.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _keep_dtype_rules() -> None:
    """Inductor has one object with a rule for each operation's dtype, and fills it anew each time that it asks for it;
    the rules are all there once something was compiled.
    """
    DtypePropagationOpsHandler()
    handler: Any = DtypePropagationOpsHandler
    handler.__init__ = lambda self: None


def _compile_and_run() -> None:
    graph = torch.fx.Graph()
    x, y, i = (graph.placeholder(name) for name in "xyi")
    product = graph.call_function(aten.mm.default, (x, y))
    scaled = graph.call_function(aten.mul.Tensor, (graph.call_function(aten.tanh.default, (product,)), x))
    summed = graph.call_function(aten.sum.dim_IntList, (scaled, [1], True))
    picked = graph.call_function(aten.index.Tensor, (scaled, [i]))
    graph.output((summed, picked))
    module = torch.fx.GraphModule(torch.nn.Module(), graph)
    inputs = [torch.ones(8, 8), torch.ones(8, 8), torch.arange(3)]
    for flags in (QUICK_FLAGS, ()):
        with deferred_kernels(flags) as batch:
            compiled = compile_graph(module, inputs)
            batch.build()
        compiled(*inputs)
