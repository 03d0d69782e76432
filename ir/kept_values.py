"""Recipes of the tensors that a user brings: small ones keep their values, large ones are drawn anew."""

from __future__ import annotations

import torch

from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.recipe import Drawn, Literals, Values

# Above this many elements, values are drawn again instead of kept.
KEPT_LIMIT = 65536


def literals(tensor: torch.Tensor) -> Values:
    """The values of a tensor written out, in row-major order.

    Raises:
        GraphError: the tensor is complex.
    """
    if tensor.is_complex():
        raise GraphError(f"values of dtype {tensor.dtype} cannot be written out")
    flat = tensor.detach().reshape(-1).cpu()
    if flat.is_floating_point():
        return Literals(tuple(x if x - x == 0 else str(x) for x in flat.double().tolist()))
    return Literals(tuple(flat.tolist()))


def kept(tensor: torch.Tensor, seed: int) -> Values:
    """The values of a tensor in row-major order, written out if they are at most `KEPT_LIMIT`.

    Larger tensors are drawn: standard normal floats, integers below the greatest one, so that indices stay in bounds.

    Raises:
        GraphError: the tensor is small and complex.
    """
    if tensor.numel() <= KEPT_LIMIT:
        return literals(tensor)
    whole = not tensor.is_floating_point() and not tensor.is_complex() and tensor.dtype is not torch.bool
    if whole and int(tensor.min()) >= 0:
        return Drawn("index", seed, int(tensor.max()) + 1)
    return Drawn("normal", seed)


def drawn_like(tensor: torch.Tensor, seed: int) -> tuple[Values, float]:
    """Values for a large tensor of floats, and the factor that gives them the size that they have in it.

    Weights are far from 1, and programs that sum up thousands of products with them would overflow otherwise.
    """
    wide = tensor.detach().double().nan_to_num(0.0, 0.0, 0.0)
    if float(wide.min()) >= 0:
        return Drawn("uniform", seed), float(wide.max())
    return Drawn("normal", seed), float(wide.square().mean().sqrt())
