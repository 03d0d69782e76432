"""Overlap against brute force: which elements of a numbered storage `torch.as_strided` shows."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorsmith.ir import overlap as module
from tensorsmith.ir.graph import TensorType
from tensorsmith.ir.overlap import element_offsets, overlap, overlaps_itself

STORAGE = torch.arange(200)


@st.composite
def strided(draw: st.DrawFn) -> TensorType:
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=4)))
    stride = tuple(draw(st.integers(0, 9)) for _ in shape)
    return TensorType("i64", shape, stride, draw(st.integers(0, 30)))


def elements(type_: TensorType) -> list[int]:
    found: list[int] = torch.as_strided(STORAGE, type_.shape, type_.strides, type_.offset).flatten().tolist()
    return found


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(strided(), strided())
def test_overlap_is_that_of_as_strided(first: TensorType, second: TensorType) -> None:
    seen = elements(first)
    assert element_offsets(first).tolist() == seen
    assert overlaps_itself(first) == (len(set(seen)) < len(seen))
    assert overlap(first, second) == bool(set(seen) & set(elements(second)))
    assert max(seen, default=-1) < first.storage_size or first.numel == 0


def test_too_large_to_enumerate_errs_on_the_side_of_overlap() -> None:
    n = module.EXACT_LIMIT + 1
    evens, odds = TensorType("u8", (n,), (2,)), TensorType("u8", (n,), (2,), 1)
    assert overlap(evens, odds)
    assert not overlap(evens, TensorType("u8", (4,), (), 2 * n))
    assert not overlaps_itself(TensorType("u8", (2, n), (1, 2)))
    assert overlaps_itself(TensorType("u8", (2, n), (3, 1)))
