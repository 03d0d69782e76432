"""What shares memory with what after a run. TVM returns values; which of them are views is the program's own business.

So that a lost or a gained alias is no finding about TVM, outputs are given the memory that eager gives them, and TVM's
values are written there: into an input if the output is a view of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tensorsmith.ir.overlap import overlaps_itself
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.inputs import make_constants
from tensorsmith.targets.interpret import interpret


def memory_of_outputs(case: TestCase, inputs: Sequence[torch.Tensor]) -> list[int | None]:
    """For each output, the position of the input that it is a view of in eager mode, or None.

    Args:
        case: the program.
        inputs: fresh inputs, which are used up; two that share memory count as the first.
    """
    outputs = interpret(case.graph, inputs, make_constants(case.graph, case.device), case.device)
    storages = {tensor.untyped_storage()._cdata: position for position, tensor in reversed(list(enumerate(inputs)))}
    return [storages.get(output.untyped_storage()._cdata) for output in outputs]


def placed(
    values: Sequence[torch.Tensor], case: TestCase, inputs: Sequence[torch.Tensor], sources: Sequence[int | None]
) -> list[torch.Tensor]:
    """The outputs in the memory that eager gives them.

    Args:
        values: what TVM returned, in the order of the graph's outputs.
        case: the program, whose types say where in the memory of an input an output lies.
        inputs: the tensors that the program ran on, already written to.
        sources: see `memory_of_outputs`.
    """
    types = case.graph.types()
    placed: list[torch.Tensor] = []
    for value, id_, source in zip(values, case.graph.outputs, sources, strict=True):
        type_ = types[id_]
        fits = source is not None and value.dtype == inputs[source].dtype and tuple(value.shape) == type_.shape
        if source is None or not fits or not value.numel():
            # Memory of its own: TVM may have returned an input itself, or one tensor twice.
            placed.append(value.clone())
            continue
        view = torch.as_strided(inputs[source], type_.shape, type_.strides, type_.offset)
        if not _equal(view, value) and overlaps_itself(type_):
            placed.append(value.clone())
            continue
        if not _equal(view, value):
            view.copy_(value)
        placed.append(view)
    return placed


def _equal(first: torch.Tensor, second: torch.Tensor) -> bool:
    if first.dtype.is_floating_point:
        return bool(torch.isclose(first, second, rtol=0, atol=0, equal_nan=True).all())
    return torch.equal(first, second)
