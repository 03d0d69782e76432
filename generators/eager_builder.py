"""A builder that runs eager PyTorch on the CPU, on stand-ins of ones: it knows what eager accepts, and is fast.

Meta kernels accept calls that eager rejects, and the other way round; a random graph is first grown here and then
replayed into a `GraphBuilder`, so that both have accepted every call of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from tensorsmith.generators.inputs import INDICES
from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, TensorType
from tensorsmith.ir.operators import operator
from tensorsmith.ir.recipe import Drawn, Values
from tensorsmith.ir.torch_args import TO_TORCH, decode_arg, flatten_results


class EagerBuilder(GraphBuilder):
    """A `GraphBuilder` whose values are real tensors."""

    def zero(self, id_: int) -> None:
        """Let zeros stand for an input that is used as an index."""
        torch.as_strided(self._fakes[id_], (self._types[id_].storage_size,), (1,), 0).zero_()

    def _memory(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        return torch.ones(shape, dtype=dtype)

    def _run(self, call: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        # Nothing here requires a gradient, so there is none to switch off.
        return call(*args, **kwargs)


def ask_eager(
    op: str,
    args: Sequence[Arg],
    kwargs: Sequence[tuple[str, Arg]],
    types: Mapping[int, TensorType],
    values: Mapping[int, Values],
) -> list[torch.Tensor]:
    """The results of a call in eager, on stand-ins of ones (zeros for inputs that hold indices).

    Args:
        op: the operator.
        args: its arguments; references are keys of `types`.
        kwargs: its keyword arguments.
        types: the type of every value.
        values: the recipes of inputs.

    Raises:
        GraphError: eager rejects the call.
    """
    made: dict[int, torch.Tensor] = {}

    def stand_in(id_: int) -> torch.Tensor:
        if id_ not in made:
            type_, recipe = types[id_], values.get(id_)
            fill = torch.zeros if isinstance(recipe, Drawn) and recipe.kind in INDICES else torch.ones
            flat = fill(type_.storage_size, dtype=TO_TORCH[type_.dtype])
            made[id_] = torch.as_strided(flat, type_.shape, type_.strides, type_.offset)
        return made[id_]

    overload: Any = operator(op)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return flatten_results(
                overload(
                    *(decode_arg(a, stand_in, "cpu") for a in args),
                    **{name: decode_arg(a, stand_in, "cpu") for name, a in kwargs},
                )
            )
    except Exception as error:
        # Eager rejects with every kind of exception.
        raise GraphError(f"{op} rejects its arguments: {str(error).strip()[:200]}") from error
