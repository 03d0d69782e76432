"""Whether steps in another order may overflow where eager's do not."""

from __future__ import annotations

from typing import Any

import torch

from tensorsmith.ir.graph import Node
from tensorsmith.ir.operators import is_pointwise, is_view
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.torch_args import flatten_results
from tensorsmith.oracles.magnitude import greatest
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.targets.interpret import interpret, plain_call


def nearly_overflows(case: TestCase) -> bool:
    """Whether a call combines values so great that sums or squares of them overflow.

    Then a mean that is the sum divided by the number of values may overflow, and the mean of the means of rows need
    not; a variance in float32 may, and one in float64 need not. Of float16 that is not said, because sums and squares
    of it are taken in float32; nor of pointwise operators, whose steps have one order.
    """
    found = False

    def note(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
        nonlocal found
        if is_pointwise(node.op):
            return plain_call(node, args, kwargs)
        operands = flatten_results([*args, *kwargs.values()])
        read = [t.clone() for t in operands]
        result = plain_call(node, args, kwargs)
        made = flatten_results(result)
        if is_view(node.op) and {_memory(t) for t in made} <= {_memory(t) for t in operands}:
            return result
        floats = [t for t in (*read, *made) if t.dtype.is_floating_point and t.numel()]
        count = max((t.numel() for t in floats), default=0)
        found |= any(_overflows(greatest(t), count, t.dtype) for t in floats if t.dtype is not torch.float16)
        return result

    interpret(case.graph, make_inputs(case.graph, case.recipe), make_constants(case.graph), "cpu", note)
    return found


def _memory(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _overflows(magnitude: float, count: int, dtype: torch.dtype) -> bool:
    # A variance may add up `count` squares of differences, each of which is at most twice the greatest value.
    return magnitude > torch.finfo(dtype).max / (4 * count * max(magnitude, 1.0))
