"""Calls whose result is not defined for the values they got: a mismatch that they explain is no bug."""

from __future__ import annotations

import re
from typing import Any

import torch

from tensorsmith.ir.dtypes import integer_range
from tensorsmith.ir.operators import draws_nothing, operator, undefined_reason
from tensorsmith.ir.torch_args import FROM_TORCH, flatten_results

# Operators that read floats and return integers that are not the floats' own values.
_INDEX_RESULTS = frozenset({
    "argmax", "argmin", "argsort", "sort", "topk", "kthvalue", "mode", "median", "nanmedian", "max", "min", "cummax",
    "cummin", "bucketize", "searchsorted", "histc", "max_pool1d_with_indices", "max_pool2d_with_indices",
    "max_pool3d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool3d", "fractional_max_pool2d", "signbit",
    "count_nonzero", "aminmax", "frexp", "_to_sparse", "unique_dim", "max_unpool2d",
})  # fmt: skip

_SHIFTS = frozenset({
    "bitwise_left_shift", "bitwise_right_shift", "__lshift__", "__rshift__", "__ilshift__", "__irshift__",
    "bitwise_left_shift_", "bitwise_right_shift_",
})  # fmt: skip

# Numbers that stand for one of three ways each; eager takes others too, and means nothing by them.
_ENUMERATIONS = ("reduction", "interpolation_mode", "padding_mode")

_INTERPOLATIONS = re.compile(r"_?upsample_(linear|bilinear|trilinear|bicubic|lanczos)|_?grid_sampler")

_DIVISIONS = frozenset({"div", "div_", "floor_divide", "floor_divide_", "remainder", "remainder_", "fmod", "fmod_"})

# Poolings whose second result is an index into the flattened window dimensions, and how many of those there are.
POOLINGS: dict[str, int] = {
    "max_pool1d_with_indices": 1, "max_pool2d_with_indices": 2, "max_pool3d_with_indices": 3,
    "adaptive_max_pool1d": 1, "adaptive_max_pool2d": 2, "adaptive_max_pool3d": 3,
    "fractional_max_pool2d": 2, "fractional_max_pool3d": 3,
}  # fmt: skip

# (operator, position of the index argument): writes in an order that is not promised when indices repeat.
_SCATTERS = {"scatter": 2, "scatter_": 2, "index_copy": 2, "index_copy_": 2, "put": 1, "put_": 1}


def undefined_call(op: str, args: list[Any], kwargs: dict[str, Any], result: Any) -> str | None:
    """Why the result of a call in eager mode is undefined, as a short key, or None.

    Args:
        op: full name of the operator.
        args: positional arguments, with tensors as they were before the call.
        kwargs: keyword arguments.
        result: what the call returned.
    """
    reason = undefined_reason(op)
    if reason is not None and not draws_nothing(op, args, kwargs):
        return reason
    schema = operator(op)._schema
    name = schema.name.split("::")[1]
    named = dict(zip((a.name for a in schema.arguments), args, strict=False)) | kwargs
    if any(named.get(option, 0) not in (0, 1, 2) for option in _ENUMERATIONS):
        return "no-such-option"
    if _INTERPOLATIONS.match(name):
        if not args[0].dtype.is_floating_point:
            # Each dimension in turn is rounded to whole numbers, or all of them at once.
            return "interpolated-integers"
        if not args[0].isfinite().all():
            # A neighbour of weight 0 makes NaN, or is not looked at.
            return "interpolated-infinities"
    if name.lstrip("_").startswith("upsample_") and _contradicting_scales(args, kwargs):
        return "contradicting-arguments"
    if name == "pad_sequence" and len({tuple(sequence.shape[1:]) for sequence in args[0]}) > 1:
        # Only the first dimensions may differ; eager does not check it.
        return "contradicting-arguments"
    if "polynomial" in name and len(args) > 1 and _no_degree(args[1]):
        return "polynomial-degree-out-of-range"
    if "polynomial" in name and any(bool(torch.as_tensor(arg).isnan().any()) for arg in args[:2]):
        # Eager returns what its memory happens to hold.
        return "polynomial-of-nan"
    if name in POOLINGS and _points_elsewhere(args[0], flatten_results(result), POOLINGS[name]):
        return "window-of-padding-only"
    if name in ("view", "view_copy") and any(_neither_true_nor_false(t) for t in flatten_results(result)):
        return "neither-true-nor-false"
    tensors = flatten_results([*args, *kwargs.values()])
    if name in _SHIFTS and _shift_out_of_range(args):
        return "shift-out-of-range"
    if name in _DIVISIONS and _least_by_minus_one(args):
        return "integer-overflow-in-division"
    if name in _SCATTERS and _repeats(args[_SCATTERS[name]]):
        return "repeated-index-in-write"
    if name in ("index_put", "index_put_"):
        accumulates = args[3] if len(args) > 3 else kwargs.get("accumulate", False)
        if not accumulates and _repeats_together(args[1]):
            return "repeated-index-in-write"
    if name.rstrip("_") not in _INDEX_RESULTS:
        for made in flatten_results(result):
            if not made.dtype.is_floating_point and made.dtype is not torch.bool and not made.dtype.is_complex:
                if any(_out_of_range(t, made.dtype) for t in tensors if t.dtype.is_floating_point):
                    return "float-to-integer-out-of-range"
                if any(isinstance(a, float) and a != a for a in args):
                    return "float-to-integer-out-of-range"
    return None


def _points_elsewhere(source: torch.Tensor, results: list[torch.Tensor], window_dims: int) -> bool:
    """Whether some index of a pooling does not point at the pooled value, as where a dilated window has none."""
    values, indices = results
    flat = source.flatten(-window_dims)
    index = indices.flatten(-window_dims)
    if not index.numel() or not flat.numel():
        return False
    if int(index.min()) < 0 or int(index.max()) >= flat.shape[-1]:
        return True
    pointed, pooled = flat.gather(-1, index), values.flatten(-window_dims)
    return bool(((pointed != pooled) & ~(pointed.isnan() & pooled.isnan())).any())


def _no_degree(degree: Any) -> bool:
    """Whether the degree of a polynomial is something that does not convert to a whole number."""
    values = torch.as_tensor(degree).double()
    return bool((~values.isfinite() | (values.abs() >= 2.0**31)).any())


def _neither_true_nor_false(tensor: torch.Tensor) -> bool:
    """Whether booleans are other bytes than 0 and 1, as those of another dtype may be that were cast bit by bit."""
    return tensor.dtype is torch.bool and bool((tensor.view(torch.uint8) > 1).any())


def _contradicting_scales(args: list[Any], kwargs: dict[str, Any]) -> bool:
    """Whether output sizes are given together with scales that give other sizes; callers compute one from the other."""
    sizes = args[1] if len(args) > 1 else None
    scales = [s for s in (*args[2:], *kwargs.values()) if isinstance(s, float)]
    if not isinstance(sizes, list) or len(scales) != len(sizes):
        return False
    own = args[0].shape[-len(sizes) :]
    return any(int(n * scale) != size for n, size, scale in zip(own, sizes, scales, strict=True))


def _out_of_range(tensor: torch.Tensor, dtype: torch.dtype) -> bool:
    low, top = integer_range(FROM_TORCH[dtype])
    values = tensor.double()
    # A float above -1 truncates to 0, which an unsigned type holds.
    return bool((~((values > float(low) - 1) & (values < float(top) + 1))).any())


def _shift_out_of_range(args: list[Any]) -> bool:
    value, count = args[0], args[1]
    dtype = next(a.dtype for a in (value, count) if isinstance(a, torch.Tensor))
    bits = torch.iinfo(dtype).bits if dtype is not torch.bool else 1
    counts = torch.as_tensor(count)
    return bool(((counts < 0) | (counts >= bits)).any())


def _least_by_minus_one(args: list[Any]) -> bool:
    value, divisor = (torch.as_tensor(a) for a in args[:2])
    if value.dtype.is_floating_point or divisor.dtype.is_floating_point or value.dtype is torch.bool:
        return False
    dtype = torch.promote_types(value.dtype, divisor.dtype)
    if dtype is torch.bool or not torch.iinfo(dtype).min:
        return False
    return bool(((divisor == -1) & (value == torch.iinfo(value.dtype).min)).any())


def _repeats(index: Any) -> bool:
    # Along whichever dimension the write goes, an index that appears twice in a tensor may be a repeat.
    flat = index.reshape(-1)
    return bool(flat.numel() > flat.unique().numel())


def _repeats_together(indices: Any) -> bool:
    given = [i.reshape(-1) for i in torch.broadcast_tensors(*[i for i in indices if i is not None])]
    if not given or given[0].numel() < 2 or given[0].dtype is torch.bool:
        return False
    return bool(torch.stack(given).unique(dim=1).shape[1] < given[0].numel())
