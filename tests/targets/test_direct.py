from __future__ import annotations

import torch
from torch._dynamo.utils import counters
from torch._functorch import config as functorch_config
from torch._inductor import config
from torch.fx import Graph, GraphModule

from tensorsmith.targets.inductor.direct import compile_graph
from tensorsmith.targets.inductor.kernel_batch import deferred_kernels

aten = torch.ops.aten


def mutates_and_aliases() -> GraphModule:
    """``x.add_(y)``; returns x itself, a view of y, and a fresh tensor."""
    graph = Graph()
    x, y = graph.placeholder("x"), graph.placeholder("y")
    added = graph.call_function(aten.add_.Tensor, (x, y))
    view = graph.call_function(aten.transpose.int, (y, 0, 1))
    graph.output((added, view, graph.call_function(aten.mul.Tensor, (added, 2))))
    return GraphModule(torch.nn.Module(), graph)


def test_mutation_and_aliasing_are_those_of_eager() -> None:
    gm, x, y = mutates_and_aliases(), torch.randn(3, 5), torch.randn(3, 5)
    code, nodes = gm.code, len(gm.graph.nodes)
    before = x.clone()
    with deferred_kernels() as batch:
        compiled = compile_graph(gm, [x, y])
        batch.build()
    torch.testing.assert_close(x, before)
    added, view, doubled = compiled(x, y)
    torch.testing.assert_close(x, before + y)
    torch.testing.assert_close(doubled, 2 * (before + y))
    assert added.data_ptr() == x.data_ptr()
    assert view.data_ptr() == y.data_ptr()
    assert view.shape == (5, 3)
    assert (gm.code, len(gm.graph.nodes)) == (code, nodes)
    torch.testing.assert_close(gm(before.clone(), y)[2], doubled)


def test_no_graph_cache_is_read_or_written() -> None:
    gm, inputs = mutates_and_aliases(), [torch.randn(2, 2), torch.randn(2, 2)]
    counters.clear()
    with deferred_kernels(), config.patch(fx_graph_cache=True), functorch_config.patch(enable_autograd_cache=True):
        for _ in range(2):
            compile_graph(gm, inputs)
    assert counters["aot_autograd"]["ok"] == 2
    used = {name for group in counters.values() for name in group if "cache" in name}
    assert not used
