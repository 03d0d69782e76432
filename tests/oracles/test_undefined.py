"""Whether calls with undefined results are told from calls that only look odd."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tensorsmith.ir.operators import operator
from tensorsmith.oracles.undefined import undefined_call

I8 = torch.tensor([-128, 3], dtype=torch.int8)
IMAGE = torch.ones(1, 1, 3)


@pytest.mark.parametrize(
    ("op", "args", "kwargs", "reason"),
    [
        ("aten._to_copy.default", [torch.tensor([300.0])], {"dtype": torch.uint8}, "float-to-integer-out-of-range"),
        ("aten._to_copy.default", [torch.tensor([255.9, -0.9])], {"dtype": torch.uint8}, None),
        (
            "aten._to_copy.default",
            [torch.tensor([float("nan")])],
            {"dtype": torch.int64},
            "float-to-integer-out-of-range",
        ),
        (
            "aten.max_pool3d_with_indices.default",
            [torch.ones(1, 1, 1, 1, 1), [2, 1, 2], [], [1, 0, 1], [2, 1, 1]],
            {},
            "window-of-padding-only",
        ),
        ("aten.max_pool2d_with_indices.default", [torch.tensor([[[1.0, float("nan")]]]), [1, 2]], {}, None),
        ("aten.max_pool2d_with_indices.default", [torch.full((1, 2, 2), float("-inf")), [2, 2]], {}, None),
        ("aten.adaptive_max_pool2d.default", [torch.eye(4)[None], [3, 2]], {}, None),
        (
            "aten.upsample_bilinear2d.default",
            [torch.ones(1, 1, 3, 2, dtype=torch.uint8), [2, 1], False],
            {},
            "interpolated-integers",
        ),
        ("aten.upsample_bilinear2d.default", [torch.ones(1, 1, 3, 2), [2, 1], False], {}, None),
        (
            "aten.upsample_linear1d.default",
            [torch.tensor([[[1.0, float("inf")]]]), [3], False],
            {},
            "interpolated-infinities",
        ),
        (
            "aten.grid_sampler.default",
            [torch.tensor([[[[float("inf")]]]]), torch.ones(1, 1, 1, 2), 0, 0, False],
            {},
            "interpolated-infinities",
        ),
        (
            "aten.special_laguerre_polynomial_l.n_scalar",
            [torch.tensor([1.0, float("nan")]), 2],
            {},
            "polynomial-of-nan",
        ),
        ("aten.special_laguerre_polynomial_l.n_scalar", [torch.tensor([1.0, float("inf")]), 2], {}, None),
        ("aten.view.dtype", [torch.tensor([2, 1], dtype=torch.uint8), torch.bool], {}, "neither-true-nor-false"),
        ("aten.view.dtype", [torch.tensor([0, 1], dtype=torch.uint8), torch.bool], {}, None),
        ("aten.pad_sequence.default", [[torch.ones(1, 1), torch.ones(1)]], {}, "contradicting-arguments"),
        ("aten.pad_sequence.default", [[torch.ones(2, 1), torch.ones(1, 1)]], {}, None),
        ("aten.soft_margin_loss.default", [IMAGE, IMAGE, -1], {}, "no-such-option"),
        ("aten.soft_margin_loss.default", [IMAGE, IMAGE, 2], {}, None),
        ("aten.bitwise_left_shift.Tensor_Scalar", [I8, 8], {}, "shift-out-of-range"),
        ("aten.bitwise_left_shift.Tensor_Scalar", [I8, 7], {}, None),
        (
            "aten.floor_divide.default",
            [I8, torch.tensor([-1, 1], dtype=torch.int8)],
            {},
            "integer-overflow-in-division",
        ),
        ("aten.floor_divide.default", [I8, torch.tensor([1, -1], dtype=torch.int8)], {}, None),
        (
            "aten.index_put.default",
            [torch.zeros(3), [torch.tensor([1, 1])], torch.tensor([1.0, 2.0])],
            {},
            "repeated-index-in-write",
        ),
        ("aten.index_put.default", [torch.zeros(3), [torch.tensor([1, 1])], torch.tensor([1.0, 2.0]), True], {}, None),
        ("aten.index_put.default", [torch.zeros(3), [torch.tensor([0, 1])], torch.tensor([1.0, 2.0])], {}, None),
        ("aten.upsample_linear1d.default", [IMAGE, [4], False, 2.0], {}, "contradicting-arguments"),
        ("aten.upsample_linear1d.default", [IMAGE, [4], False, 1.5], {}, None),
        ("aten.upsample_linear1d.default", [IMAGE, [4], False], {}, None),
        (
            "aten.special_chebyshev_polynomial_v.x_scalar",
            [0, torch.tensor([float("inf")])],
            {},
            "polynomial-degree-out-of-range",
        ),
        ("aten.special_chebyshev_polynomial_v.x_scalar", [0, torch.tensor([2.0])], {}, None),
        ("aten.unsafe_split.Tensor", [IMAGE, 1], {}, "unpromised-aliasing"),
        ("aten.rand_like.default", [IMAGE], {}, "random"),
        ("aten.argmax.default", [torch.tensor([float("inf"), 1.0])], {}, None),
    ],
)
def test_undefined_calls(op: str, args: list[Any], kwargs: dict[str, Any], reason: str | None) -> None:
    if op.startswith("aten.floor_divide") and reason:
        result: Any = I8  # the division itself may raise a signal
    else:
        result = operator(op)(*args, **kwargs)
    assert undefined_call(op, args, kwargs, result) == reason
