"""Predicates of what the dtypes of two arguments lead to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch

from tensorsmith.generators.rules.terms import View
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.graph import DTypeArg
from tensorsmith.ir.torch_args import FROM_TORCH, TO_TORCH


@dataclass(frozen=True, slots=True)
class SameDType:
    """Two tensors of one dtype."""

    left: str
    right: str

    @property
    def cost(self) -> float:
        return 1.0

    def holds(self, view: View) -> bool:
        lefts, rights = view.tensors(self.left), view.tensors(self.right)
        return not lefts or not rights or lefts[0].dtype == rights[0].dtype

    def __str__(self) -> str:
        return f"dtype({self.left}) == dtype({self.right})"


@dataclass(frozen=True, slots=True)
class Promoted:
    """The dtype that two tensors promote to is one of a few: `dtype(a, b) in {f32, f64}`."""

    left: str
    right: str
    words: tuple[str, ...]

    @property
    def cost(self) -> float:
        return 1.2

    def holds(self, view: View) -> bool:
        found = promoted(view, self.left, self.right)
        return found is None or found in self.words

    def __str__(self) -> str:
        return f"dtype({self.left}, {self.right}) in {{{', '.join(self.words)}}}"


@dataclass(frozen=True, slots=True)
class Casts:
    """What a tensor and another argument promote to can be written back into the tensor."""

    left: str
    right: str

    @property
    def cost(self) -> float:
        return 1.1

    def holds(self, view: View) -> bool:
        found = promoted(view, self.left, self.right)
        return found is None or torch.can_cast(TO_TORCH[found], TO_TORCH[view.tensors(self.left)[0].dtype])

    def __str__(self) -> str:
        return f"dtype({self.left}, {self.right}) casts to dtype({self.left})"


def promoted(view: View, left: str, right: str) -> DType | None:
    """The dtype that a tensor and another argument lead to: a tensor, a number, or a dtype, which decides if given."""
    lefts, rights = view.tensors(left), view.tensors(right)
    if not lefts:
        return None
    dtype = TO_TORCH[lefts[0].dtype]
    if rights:
        return FROM_TORCH.get(torch.promote_types(dtype, TO_TORCH[rights[0].dtype]))
    other = view.arguments.get(right)
    if isinstance(other, DTypeArg):
        return other.name
    if isinstance(other, (int, float)):
        return _with_number(dtype, type(other).__name__)
    return lefts[0].dtype


@cache
def _with_number(dtype: torch.dtype, kind: str) -> DType | None:
    number = {"bool": True, "int": 1}.get(kind, 1.0)
    return FROM_TORCH.get(torch.result_type(torch.empty(1, dtype=dtype), number))
