from __future__ import annotations

import subprocess
import sys

FORKED = """
import os
from tensorsmith.targets.inductor.warm import warm
warm()
import torch
from torch._inductor import config
from tensorsmith.targets.inductor.direct import compile_graph
from tensorsmith.targets.inductor.kernel_batch import deferred_kernels
assert config.compile_threads == 1 and not config.fx_graph_cache and torch.get_num_threads() == 1

def compile_and_run(scale):
    graph = torch.fx.Graph()
    x = graph.placeholder("x")
    scaled = graph.call_function(torch.ops.aten.mul.Tensor, (x, scale))
    graph.output((graph.call_function(torch.ops.aten.cos.default, (scaled,)),))
    x = torch.randn(200, 200)
    with deferred_kernels() as batch:
        compiled = compile_graph(torch.fx.GraphModule(torch.nn.Module(), graph), [x])
        assert batch.build().failed == 0
    torch.testing.assert_close(compiled(x)[0], torch.cos(x * scale))

children = []
for scale in (3, 5):
    pid = os.fork()
    if pid == 0:
        try:
            compile_and_run(scale)
        except BaseException as error:
            print(error, flush=True)
            os._exit(1)
        os._exit(0)
    children.append(pid)
print([os.waitpid(pid, 0)[1] for pid in children])
"""


def test_children_forked_from_a_warm_process_compile_and_run() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "[0, 0]", done.stdout + done.stderr
