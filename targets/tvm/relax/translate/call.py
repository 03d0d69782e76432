"""One call of an operator as translations see it, and the small expressions that they are made of.

TVM is imported when a translation runs. Expressions are Relax's; the dtypes and shapes beside them are the graph's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

from tensorsmith.ir.dtypes import FLOATS, TORCH_NAMES, DType
from tensorsmith.ir.graph import TensorType
from tensorsmith.ir.torch_args import FROM_TORCH, TO_TORCH
from tensorsmith.targets.tvm.relax.unsupported import Unsupported, unsupported


@dataclass(frozen=True)
class Operand:
    """A tensor: its Relax expression, and its type in the graph."""

    expr: Any
    dtype: DType
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """A call of an operator.

    Attributes:
        op: its full name.
        arguments: every parameter of its schema by name, defaults filled in; an Operand, a list of these, or a
            Python value with dtypes in their short names.
        types: of its results.
        emit: binds an expression to a variable of the function, for what is used more than once.
        forbid: adds a boolean expression of shape [] that must be false when the program runs, with the words for
            what is unsupported if it is not.
    """

    op: str
    arguments: dict[str, Any]
    types: tuple[TensorType, ...]
    emit: Callable[[Any], Any]
    forbid: Callable[[Any, str], None]

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    @property
    def dtype(self) -> DType:
        """The dtype of the first result."""
        return self.types[0].dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first result."""
        return self.types[0].shape

    def unsupported(self, why: str) -> Unsupported:
        """The exception for this kind of call."""
        return unsupported(self.op, why)


# Gives the expression of the result, or one for each of several results: None for what cannot be had.
Translation: TypeAlias = Callable[[Call], Any]
Table: TypeAlias = dict[str, Translation]


def ops() -> Any:
    """`tvm.relax.op`."""
    from tvm import relax

    return relax.op


def constant(value: bool | int | float, dtype: DType, shape: Sequence[int] = ()) -> Any:
    """A number, or a tensor filled with it."""
    import numpy as np
    from tvm import relax

    if dtype == "bf16":
        return ops().astype(constant(value, "f32", shape), "bfloat16")
    # Through torch, since a number out of the dtype's range wraps there and is an error in NumPy.
    # Without a dtype, Relax makes 32 bits of 64.
    return relax.const(np.full(tuple(shape), torch.tensor(value).to(TO_TORCH[dtype]).numpy()), TORCH_NAMES[dtype])


def cast_expr(expr: Any, old: DType, new: DType) -> Any:
    """An expression in another dtype, the same expression if it has that dtype."""
    if old == new:
        return expr
    if new == "bool":
        return ops().not_equal(expr, constant(0, old))
    return ops().astype(expr, TORCH_NAMES[new])


def cast(operand: Operand, dtype: DType) -> Any:
    """An operand's expression in a dtype."""
    return cast_expr(operand.expr, operand.dtype, dtype)


def is_nan(expr: Any, dtype: DType) -> Any:
    """Where an expression of a float dtype is NaN; Relax has no such question for bfloat16."""
    return ops().isnan(cast_expr(expr, dtype, wide(dtype)))


def wide(dtype: DType) -> DType:
    """The dtype that PyTorch computes in on a CPU: float32 for the half-precision ones."""
    return "f32" if dtype in ("f16", "bf16") else dtype


def accumulator(dtype: DType) -> DType:
    """The dtype of sums: int64 for whole numbers."""
    return wide(dtype) if dtype in FLOATS else "i64"


def result_dtype(*operands: Any) -> DType:
    """The dtype that operands and numbers are promoted to."""
    found: Any = None
    stand_ins = [
        torch.empty([1] * len(x.shape), dtype=TO_TORCH[x.dtype], device="meta") if isinstance(x, Operand) else x
        for x in operands
    ]
    if len(stand_ins) == 1:
        stand_ins *= 2
    # With three operands the order in which they are taken matters where some are numbers; tensors go first.
    stand_ins.sort(key=lambda x: not isinstance(x, torch.Tensor))
    found = torch.result_type(stand_ins[0], stand_ins[1])
    for more in stand_ins[2:]:
        found = torch.promote_types(found, torch.result_type(more, more) if isinstance(more, torch.Tensor) else found)
    return FROM_TORCH[found]


def as_dtype(value: Any, dtype: DType) -> Any:
    """An operand or a number as an expression of a dtype."""
    return cast(value, dtype) if isinstance(value, Operand) else constant(value, dtype)


def dims_of(dims: Any, rank: int) -> list[int]:
    """Dimensions counted from 0, in order; all of them for None and for an empty list."""
    if dims is None or dims == []:
        return list(range(rank))
    listed = dims if isinstance(dims, list) else [dims]
    return sorted({dim % max(rank, 1) for dim in listed}) if rank else []
