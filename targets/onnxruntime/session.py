"""A model in an InferenceSession, from torch tensors to torch tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.targets.onnxruntime.knobs import LEVEL, LEVELS
from tensorsmith.targets.onnxruntime.packages import onnxruntime
from tensorsmith.targets.onnxruntime.unsupported import limitations_of_runtime

# The least severe messages of ONNX Runtime that go to standard error: fatal ones.
SEVERITY = 4


def open_session(model: bytes, pipeline: Pipeline) -> Callable[[Sequence[torch.Tensor]], list[torch.Tensor]]:
    """What runs a model on the CPU, in one thread, with the settings of a pipeline.

    Raises:
        Unsupported: there is no kernel for a node, or ONNX does not have an operator for a type.
        whatever else ONNX Runtime raises.
    """
    ort = onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = SEVERITY
    level = level_of(pipeline)
    if level:
        options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, LEVELS[level])
    with limitations_of_runtime():
        session = ort.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=list(disabled_in(pipeline))
        )

    def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        # Copies, as the session reads the memory that it is given while the tensors are still ours to change.
        own = [x.detach().clone(memory_format=torch.contiguous_format) for x in inputs]
        feeds = {item.name: _value(ort, x) for item, x in zip(session.get_inputs(), own, strict=True)}
        with limitations_of_runtime():
            returned = session.run_with_ort_values(None, feeds)
        return [_tensor(value) for value in returned]

    return run


def level_of(pipeline: Pipeline) -> str:
    """The level of optimization that a pipeline asks for; empty for the default."""
    return next((str(step.parameter("value")) for step in pipeline.steps if step.name == LEVEL), "")


def disabled_in(pipeline: Pipeline) -> tuple[str, ...]:
    """The optimizers that a pipeline switches off."""
    return tuple(step.name for step in pipeline.steps if step.name != LEVEL and step.parameter("value") is False)


def _value(ort: Any, tensor: torch.Tensor) -> Any:
    """A tensor as ONNX Runtime takes it; it takes no booleans by DLPack, and no bfloat16 from NumPy."""
    if tensor.dtype is torch.bool:
        return ort.OrtValue.ortvalue_from_numpy(tensor.numpy())
    return ort.OrtValue.from_dlpack(tensor)


def _tensor(value: Any) -> torch.Tensor:
    """What ONNX Runtime returned; by DLPack its booleans come as bytes."""
    tensor: torch.Tensor = torch.utils.dlpack.from_dlpack(value)
    return tensor.view(torch.bool) if value.data_type() == "tensor(bool)" else tensor
