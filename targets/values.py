"""The values of a recipe, as one-line torch expressions, so that a stand-alone script can contain what we ran.

Each expression makes a one-dimensional tensor of `n` elements from a generator `g`, before it is cast to its dtype.
"""

from __future__ import annotations

import torch

from tensorsmith.ir.dtypes import FLOATS, TORCH_NAMES, DType, integer_range
from tensorsmith.ir.recipe import Drawn, ValueClass

_FLOAT: dict[ValueClass, str] = {
    "normal": "torch.randn(n, generator=g, dtype=torch.float64)",
    "uniform": "torch.rand(n, generator=g, dtype=torch.float64)",
    "integers": "torch.randint(-4, 5, (n,), generator=g)",
    "tiny": "torch.randn(n, generator=g, dtype=torch.float64) * 1e-3",
    "huge": "torch.randn(n, generator=g, dtype=torch.float64) * torch.finfo({dtype}).max ** 0.5",
    "denormal": "torch.randn(n, generator=g, dtype=torch.float64) * torch.finfo({dtype}).smallest_normal",
    "zeros": "torch.zeros(n)",
    "ones": "torch.ones(n)",
    "signed-zeros": "torch.tensor([0.0, -0.0])[torch.randint(0, 2, (n,), generator=g)]",
    "special": "torch.where(torch.rand(n, generator=g) < 0.2, "
    "torch.tensor([float('inf'), float('-inf'), float('nan'), 0.0, -0.0])[torch.randint(0, 5, (n,), generator=g)], "
    "torch.randn(n, generator=g))",
    "extremes": "torch.tensor([torch.finfo({dtype}).max, torch.finfo({dtype}).min, torch.finfo({dtype}).eps, "
    "torch.finfo({dtype}).smallest_normal, 0.0, 1.0, -1.0], dtype=torch.float64)"
    "[torch.randint(0, 7, (n,), generator=g)]",
    "ties": "torch.randint(0, 3, (n,), generator=g)",
    "index": "torch.randint(0, max({high}, 1), (n,), generator=g)",
    "permutation": "torch.randperm(n, generator=g) % max({high}, 1)",
}

_SIGNED: dict[ValueClass, str] = _FLOAT | {
    "normal": "(torch.randn(n, generator=g) * 4).round()",
    "uniform": "torch.randint(0, 2, (n,), generator=g)",
    "tiny": "torch.randint(-1, 2, (n,), generator=g)",
    "huge": "torch.randint({low} // 2, {top} // 2, (n,), generator=g)",
    "denormal": "torch.randint(0, 2, (n,), generator=g)",
    "signed-zeros": "torch.zeros(n)",
    "special": "torch.tensor([{low}, {low} + 1, -1, 0, 1, {top} - 1, {top}])[torch.randint(0, 7, (n,), generator=g)]",
    "extremes": "torch.tensor([{low}, {low} + 1, {top} - 1, {top}])[torch.randint(0, 4, (n,), generator=g)]",
}

_UNSIGNED: dict[ValueClass, str] = _SIGNED | {
    "normal": "(torch.randn(n, generator=g) * 4).abs().round()",
    "integers": "torch.randint(0, 9, (n,), generator=g)",
    "tiny": "torch.randint(0, 2, (n,), generator=g)",
    "huge": "torch.randint({top} // 4, {top} // 2, (n,), generator=g)",
    "special": "torch.tensor([0, 1, {top} - 1, {top}])[torch.randint(0, 4, (n,), generator=g)]",
    "extremes": "torch.tensor([0, 1, {top} - 1, {top}])[torch.randint(0, 4, (n,), generator=g)]",
}


def expression(kind: ValueClass, dtype: DType, high: int) -> str:
    """The torch expression for a value class in a dtype; its free names are `torch`, `n` and `g`."""
    if dtype == "bool":
        return {"zeros": "torch.zeros(n)", "ones": "torch.ones(n)"}.get(kind, _SIGNED["uniform"])
    if dtype in FLOATS:
        return _FLOAT[kind].format(dtype=f"torch.{TORCH_NAMES[dtype]}", high=high)
    if dtype.startswith("c"):
        return "torch.randn(n, generator=g, dtype=torch.complex128)"
    low, top = integer_range(dtype)
    if dtype == "u64":
        top = (1 << 63) - 1  # torch draws and indexes with signed 64-bit numbers
    return (_UNSIGNED if low == 0 else _SIGNED)[kind].format(low=low, top=top, high=high)


def draw(values: Drawn, dtype: DType, n: int) -> torch.Tensor:
    """`n` values on the CPU, shape `[n]`, of the given dtype; equal for equal arguments."""
    generator = torch.Generator().manual_seed(values.seed)
    names = {"torch": torch, "n": n, "g": generator}
    drawn: torch.Tensor = eval(expression(values.kind, dtype, values.high), names)  # our own table, not input
    return drawn.to(getattr(torch, TORCH_NAMES[dtype]))
