"""How great the numbers are that a call gets or returns."""

from __future__ import annotations

from typing import Any

from tensorsmith.ir.torch_args import flatten_results


def greatest(value: Any) -> float:
    """The greatest finite magnitude in the floating-point tensors of a value; 0 if there is none."""
    floats = [tensor[tensor.isfinite()] for tensor in flatten_results(value) if tensor.dtype.is_floating_point]
    return max((float(tensor.abs().max()) for tensor in floats if tensor.numel()), default=0.0)
