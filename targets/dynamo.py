"""Pay once, in one process, what the first program that goes through Dynamo would otherwise pay in every child."""

from __future__ import annotations

from operator import getitem

import torch
from torch._dynamo import guards

aten = torch.ops.aten


def warm_dynamo() -> None:
    """Trace a program of the form that targets compile, for a backend that does nothing, and stop measuring guards.

    Dynamo measures after every compilation how long its guards take, for a log: it flushes the cache first, which
    takes longer than tracing a small program does.
    """
    if hasattr(guards, "profile_guard_manager"):
        guards.profile_guard_manager = _no_latency
    module = _module()
    for dynamic in (None, True):
        torch._dynamo.reset()
        compiled = torch.compile(module.forward, backend="eager", dynamic=dynamic, fullgraph=True)
        with torch.no_grad():
            compiled(torch.ones(4, 2), torch.ones(4, 2))
    torch._dynamo.reset()


def _no_latency(root: object, local_scope: object, iterations: int) -> float:
    return 0.0


def _module() -> torch.fx.GraphModule:
    graph = torch.fx.Graph()
    x, y = (graph.placeholder(name) for name in "xy")
    halves = graph.call_function(aten.split.Tensor, (graph.call_function(aten.mul.Tensor, (x, y)), 2))
    half = graph.call_function(getitem, (halves, 1))
    summed = graph.call_function(aten.sum.dim_IntList, (half, [1], True), {"dtype": torch.float64})
    graph.output((half, summed))
    return torch.fx.GraphModule(torch.nn.Module(), graph)
