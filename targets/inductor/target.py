"""The target `inductor`: torch.compile's default compiler, entered through Dynamo or, for most tests, below it."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._inductor import config
from torch._inductor.codecache import PyCodeCache

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.targets.api import Gives, Knob, Programs, Runnable, Steps
from tensorsmith.targets.devices import missing_device
from tensorsmith.targets.inductor.direct import compile_graph
from tensorsmith.targets.inductor.kernel_batch import QUICK_FLAGS, KernelBatch, deferred_kernels
from tensorsmith.targets.inductor.knobs import inductor_knobs
from tensorsmith.targets.inductor.warm import warm
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.targets.modules import module_of, outputs_of
from tensorsmith.targets.torch_backend import DYNAMIC

# One test case in so many goes through Dynamo also when compiled with others; alone, every one does.
DYNAMO_SHARE = 16
# One batch in so many is compiled with Inductor's own C++ flags and no others; alone, every test case is.
STOCK_FLAGS_SHARE = 8


class Inductor:
    """`torch.compile(program, options=...)`; the steps of a pipeline are names in `torch._inductor.config`."""

    name = "inductor"
    summary = "torch.compile with Inductor: Dynamo, AOTAutograd, lowering, scheduling, C++ or Triton"
    devices: tuple[Device, ...] = ("cpu", "cuda")
    packages: tuple[str, ...] = ("torch._dynamo", "torch._functorch", "torch._inductor", "torch._decomp", "torch.fx")
    programs: Programs = "graph"
    steps: Steps = "knobs"
    gives: Gives = "values"

    def missing(self, device: Device) -> str | None:
        """See Target."""
        if device == "cpu" and not any(shutil.which(compiler) for compiler in ("g++", "clang++")):
            return "no C++ compiler: Inductor needs g++ or clang++ on the CPU; install g++"
        return missing_device(device)

    def warm(self) -> None:
        """See Target."""
        warm()

    def knobs(self) -> tuple[Knob, ...]:
        """See Target."""
        return inductor_knobs()

    def operators(self) -> None:
        """See Target."""

    def compile(self, case: TestCase) -> Runnable:
        """See Target. Compilation happens in the first run."""
        torch._dynamo.reset()
        compiled = _through_dynamo(case)
        options = config_of(case.pipeline)

        def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
            with torch.no_grad(), config.patch(options):
                return outputs_of(compiled(*inputs))

        return run

    def compile_many(
        self, cases: Sequence[TestCase], started: Callable[[int], None] = lambda position: None
    ) -> list[Runnable | Exception]:
        """See Target. The C++ of all test cases is compiled at once; all but a share enter below Dynamo."""
        torch._dynamo.reset()
        compiled: list[Runnable | Exception] = []
        stock_flags = bool(cases) and int(cases[0].id, 16) % STOCK_FLAGS_SHARE == 0
        with deferred_kernels(() if stock_flags else QUICK_FLAGS) as batch:
            for position, case in enumerate(cases):
                started(position)
                try:
                    compiled.append(_compile_deferred(case, batch))
                except Exception as error:
                    compiled.append(error)
            started(-1)
            batch.build()
        return compiled


def config_of(pipeline: Pipeline) -> dict[str, Any]:
    """The Inductor configuration that a pipeline sets."""
    return {step.name: step.parameter("value") for step in pipeline.steps if step.name != DYNAMIC.name}


def _is_dynamic(case: TestCase) -> bool:
    return any(step.name == DYNAMIC.name for step in case.pipeline.steps)


def _through_dynamo(case: TestCase) -> Callable[..., Any]:
    # A generated module is remembered by its text alone, so that one compiled under other C++ flags would be reused.
    PyCodeCache.cache_clear()
    compiled: Callable[..., Any] = torch.compile(
        module_of(case).forward, dynamic=True if _is_dynamic(case) else None, fullgraph=True
    )
    return compiled


def _compile_deferred(case: TestCase, batch: KernelBatch) -> Runnable:
    inputs = make_inputs(case.graph, case.recipe, case.device)
    with torch.no_grad(), config.patch(config_of(case.pipeline)):
        compiled: Callable[..., Any]
        share_memory = any(item.shares is not None for item in case.graph.inputs)
        if _is_dynamic(case) or share_memory or int(case.id, 16) % DYNAMO_SHARE == 0:
            compiled = _through_dynamo(case)
            batch.compile_only(compiled, *inputs)
        else:
            compiled = compile_graph(module_of(case), inputs)
    return functools.partial(_run_compiled, compiled)


def _run_compiled(compiled: Callable[..., Any], inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    with torch.no_grad():
        return outputs_of(compiled(*inputs))
