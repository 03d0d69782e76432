"""Which tensors of a run count as sharing memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tensorsmith.oracles.observation import observe_on


def aliases(x: torch.Tensor, *outputs: torch.Tensor) -> set[tuple[str, str]]:
    def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        return list(outputs)

    return set(observe_on(run, [x]).aliases)


def test_views_of_an_input_share_memory_with_it() -> None:
    x = torch.ones(4, 4)
    assert aliases(x, x.t(), x.clone()) == {("output 0", "input 0")}


def test_parts_of_a_storage_that_lie_side_by_side_do_not_share_memory() -> None:
    base = torch.ones(4, 4)
    assert aliases(torch.ones(1), base[0], base[1], base[:, 0]) == {("output 2", "output 0"), ("output 2", "output 1")}


def test_views_as_another_dtype_share_memory() -> None:
    x = torch.ones(4)
    assert aliases(x, x.view(torch.int32)) == {("output 0", "input 0")}


def test_empty_tensors_share_nothing() -> None:
    x = torch.ones(0, 3)
    assert aliases(x, x.t()) == set()
