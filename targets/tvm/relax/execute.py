"""Relax modules, compiled and run on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.targets.tvm.adapter import tvm
from tensorsmith.targets.tvm.passes.apply import Context, apply_pass, build_module, prepare
from tensorsmith.targets.tvm.passes.defaults import BUILD
from tensorsmith.targets.tvm.passes.settings import passes_in

# What TVM's own allocations are aligned to, in bytes; its code may rely on it.
ALIGNMENT = 64

# Takes the input tensors and returns the outputs: new tensors, but for an output that is an input unchanged.
Compiled: TypeAlias = Callable[[Sequence[torch.Tensor]], list[torch.Tensor]]


def compile_module(module: Any, pipeline: Pipeline) -> Compiled:
    """Run the passes of a pipeline, then what `tvm.compile` runs by itself.

    Args:
        module: an IRModule whose `main` takes and returns tensors.
        pipeline: its settings count for every pass, and for `tvm.compile`. A step `build` says nothing more.

    Raises:
        InvalidInputError: the pipeline has a step or a setting that there is not.
        whatever TVM raises on a module that it cannot compile.
    """
    module, context = prepare(module, pipeline)
    for step in passes_in(pipeline):
        if step != BUILD:
            module = apply_pass(module, step, context)
    return built(module, context)


def built(module: Any, context: Context, steps: Sequence[Step] | None = None) -> Compiled:
    """What `tvm.compile` makes of a module, ready to run.

    Args:
        module: an IRModule.
        context: what passes run under.
        steps: the passes that it runs; None: its own.

    Raises:
        whatever TVM raises.
    """
    root = tvm().root
    main = root.relax.VirtualMachine(build_module(module, context, steps), root.cpu())["main"]

    def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        returned = main(*(to_tvm(tensor) for tensor in inputs))
        items = [returned] if isinstance(returned, root.runtime.Tensor) else list(returned)
        return [from_tvm(item) for item in items]

    return run


def to_tvm(tensor: torch.Tensor) -> Any:
    """A torch tensor as TVM's; without a copy if it is contiguous, since TVM's code takes no other strides."""
    if not tensor.numel():
        # The strides of tensors without elements are others in TVM.
        return tvm().root.runtime.empty(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
    contiguous = tensor.detach().contiguous()
    if contiguous.data_ptr() % ALIGNMENT:
        contiguous = contiguous.clone()
    return tvm().root.runtime.from_dlpack(contiguous)


def from_tvm(tensor: Any) -> torch.Tensor:
    """TVM's tensor as torch's, on the same memory."""
    shared: torch.Tensor = torch.utils.dlpack.from_dlpack(tensor)
    return shared
