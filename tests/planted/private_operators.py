"""A library of operators of a user's own: one that is as it should be, and others that programs cannot have."""

from __future__ import annotations

import torch
from torch import Tensor


@torch.library.custom_op("private::squash", mutates_args=())
def squash(x: Tensor, scale: float = 1.0, flip: bool = False) -> Tensor:
    """A pointwise operator."""
    squashed = torch.tanh(x) * scale
    return -squashed if flip else squashed


@squash.register_fake
def _(x: Tensor, scale: float = 1.0, flip: bool = False) -> Tensor:
    return torch.empty_like(x)


@torch.library.custom_op("private::mix", mutates_args=())
def mix(a: Tensor, b: Tensor) -> Tensor:
    """A product of matrices, which says itself what it does not take."""
    if a.dim() != 2 or b.dim() != 2 or a.shape[1] != b.shape[0] or a.dtype != b.dtype:
        raise ValueError("mix takes matrices of one dtype that can be multiplied")
    return a @ b


@mix.register_fake
def _(a: Tensor, b: Tensor) -> Tensor:
    torch._check(a.dim() == 2 and b.dim() == 2 and a.shape[1] == b.shape[0] and a.dtype == b.dtype)
    return a.new_empty(a.shape[0], b.shape[1])


@torch.library.custom_op("private::writes", mutates_args=())
def writes(x: Tensor) -> Tensor:
    """It changes its argument, and its schema does not say so."""
    return x.mul_(2) + 1


@writes.register_fake
def _(x: Tensor) -> Tensor:
    return torch.empty_like(x)


@torch.library.custom_op("private::unfaked", mutates_args=())
def unfaked(x: Tensor) -> Tensor:
    """It has no fake kernel."""
    return x * 2


@torch.library.custom_op("private::wild", mutates_args=(), tags=(torch.Tag.nondeterministic_seeded,))
def wild(x: Tensor) -> Tensor:
    """It is random, and says so."""
    return torch.rand_like(x)


library = torch.library.Library("private", "FRAGMENT")
library.define("aliased_(Tensor(a!) x) -> Tensor(a!)")


@torch.library.impl(library, "aliased_", "CompositeExplicitAutograd")
def _(x: Tensor) -> Tensor:
    return x.add_(1)
