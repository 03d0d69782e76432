"""A builder that runs eager PyTorch on the CPU, on stand-ins of ones: it knows what eager accepts, and is fast.

Meta kernels accept calls that eager rejects, and the other way round; a random graph is first grown here and then
replayed into a `GraphBuilder`, so that both have accepted every call of it.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.graph import TensorType


class EagerBuilder(GraphBuilder):
    """A `GraphBuilder` whose values are real tensors."""

    def __init__(self) -> None:
        super().__init__()
        mode: Any = nullcontext()
        self._mode = mode

    def zero(self, id_: int) -> None:
        """Let zeros stand for an input that is used as an index."""
        self._storage_of(id_).zero_()

    def _add_source(self, type_: TensorType, shares: int | None) -> int:
        id_ = super()._add_source(type_, shares)
        if shares is None:
            self._storage_of(id_).fill_(1)
        return id_

    def _storage_of(self, id_: int) -> torch.Tensor:
        return torch.as_strided(self._fakes[id_], (self._types[id_].storage_size,), (1,), 0)
