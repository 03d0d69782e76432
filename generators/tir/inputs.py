"""Values of a TIR program's parameters, in the ranges that it declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tensorsmith.generators.tir.types import is_float, numpy_dtype
from tensorsmith.ir.tir import TirBuffer, TirScalar, integer_range

_SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 6e-8, 6e4])


def random_inputs(
    seed: int, buffers: Sequence[TirBuffer], scalars: Sequence[TirScalar] = (), special: float = 0.05
) -> dict[str, Any]:
    """An array for each buffer and a Python number for each scalar, by name, in order.

    Args:
        seed: equal seeds give equal values.
        buffers: of any dtype; integers are drawn from their range, its ends more often.
        scalars: likewise.
        special: the share of floats that are zeros of either sign, infinities, NaN or at the edge of a dtype.
    """
    rng = np.random.default_rng(seed)
    arrays: dict[str, Any] = {buffer.name: _values(rng, buffer, buffer.shape, special) for buffer in buffers}
    return arrays | {scalar.name: _values(rng, scalar, (), 0.0).item() for scalar in scalars}


def _values(
    rng: np.random.Generator, parameter: TirBuffer | TirScalar, shape: tuple[int, ...], special: float
) -> np.ndarray[Any, Any]:
    dtype = numpy_dtype(parameter.dtype)
    if is_float(parameter.dtype):
        kinds = rng.normal(size=shape), rng.integers(-4, 5, size=shape).astype("float64")
        plain = kinds[rng.integers(len(kinds))]
        return np.where(rng.random(shape) < special, rng.choice(_SPECIAL, size=shape), plain).astype(dtype)
    least, greatest = integer_range(parameter.dtype)
    low = least if parameter.low is None else parameter.low
    high = greatest if parameter.high is None else parameter.high
    drawn = rng.integers(low, high, size=shape, dtype=dtype, endpoint=True)
    ends = np.where(rng.random(shape) < 0.5, np.array(low, dtype), np.array(high, dtype))
    return np.asarray(np.where(rng.random(shape) < 0.1, ends, drawn)).astype(dtype)
