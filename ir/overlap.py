"""Which elements of a storage a tensor touches, to tell writes whose meaning is undefined from those that are fine."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tensorsmith.ir.graph import TensorType

# Above this many elements, overlap is judged by the interval of the storage and not element by element.
EXACT_LIMIT = 1 << 16


def element_offsets(type_: TensorType) -> npt.NDArray[np.int64]:
    """Offset in the storage of every element, in row-major order; shape `[numel]`."""
    offsets = np.full((), type_.offset, dtype=np.int64)
    for n, step in zip(type_.shape, type_.strides, strict=True):
        offsets = offsets[..., None] + np.arange(n, dtype=np.int64) * step
    return offsets.reshape(-1)


def overlaps_itself(type_: TensorType) -> bool:
    """Whether two elements of the tensor are the same memory."""
    return bool(type_.stride) and type_.numel > 0 and _elements_meet(type_)


@lru_cache(maxsize=1 << 12)
def _elements_meet(type_: TensorType) -> bool:
    pairs = sorted(zip(type_.strides, type_.shape, strict=True))
    if any(step == 0 and n > 1 for step, n in pairs):
        return True
    reach = 0
    for step, n in pairs:
        if n > 1 and step <= reach:
            break
        reach += (n - 1) * step
    else:
        return False
    # More elements than there are places for them.
    if type_.numel > EXACT_LIMIT or type_.numel > type_.storage_size - type_.offset:
        return True
    return len(np.unique(element_offsets(type_))) < type_.numel


def overlap(first: TensorType, second: TensorType) -> bool:
    """Whether two tensors on the same storage, with elements of equal size, have memory in common."""
    if first.numel == 0 or second.numel == 0:
        return False
    if first.storage_size <= second.offset or second.storage_size <= first.offset:
        return False
    if first == second or not (first.stride or second.stride):
        return True
    if first.numel > EXACT_LIMIT or second.numel > EXACT_LIMIT:
        return True
    return bool(np.intersect1d(element_offsets(first), element_offsets(second)).size)
