"""Index results that are free: among equal values any index is right, so the choice must not be compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from tensorsmith.ir.graph import Node
from tensorsmith.ir.operators import operator
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.undefined import POOLINGS
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.targets.interpret import interpret, plain_call

# Position of the dimension argument of each operator whose indices are free among equals.
_DIMENSION: dict[str, int] = {
    "argmax": 1, "argmin": 1, "max": 1, "min": 1, "median": 1, "nanmedian": 1, "mode": 1, "kthvalue": 2, "topk": 2,
    "sort": 1, "argsort": 1, "cummax": 1, "cummin": 1,
}  # fmt: skip


# Of these, indices are those of different elements.
_DISTINCT = frozenset({"sort", "argsort", "topk"})


def repeats(indices: torch.Tensor, dim: int) -> torch.Tensor:
    """Where an index comes for the second time along a dimension; a bool tensor of their shape."""
    if indices.dim() == 0:
        return torch.zeros_like(indices, dtype=torch.bool)
    ordered, places = torch.sort(indices, dim=dim, stable=True)
    again = ordered == ordered.roll(1, dim)
    if indices.shape[dim]:
        again.select(dim, 0).fill_(False)
    return torch.zeros_like(again).scatter(dim, places, again)


# The order in which so many elements are looked at: a permutation.
Order = Callable[[int], torch.Tensor]


def backwards(extent: int) -> torch.Tensor:
    """The last element first."""
    return torch.arange(extent - 1, -1, -1)


def other_ties(node: Node, args: list[Any], kwargs: dict[str, Any], order: Order = backwards) -> Any:
    """The call of a node on its input in another order, with the indices that its elements had: another right answer.

    None if the operator's results do not depend on how ties are broken, or its input cannot be put in another order.

    Args:
        node: the call.
        args: positional, tensors in the place of values.
        kwargs: named.
        order: of the elements along the dimension in question. One order does not show all that is free: of three equal
            elements the middle one stays in the middle when the last comes first.
    """
    schema = operator(node.op)._schema
    name = schema.name.split("::")[1]
    if name in POOLINGS and args[0].is_floating_point():
        return _other_pooled(node, args, kwargs)
    if name not in _DIMENSION or not args or not isinstance(args[0], torch.Tensor) or args[0].dim() == 0:
        return None
    if kwargs.get("stable") or name in ("cummax", "cummin"):
        return _later_index(node, args, kwargs) if name in ("cummax", "cummin") else None
    named = dict(zip((a.name for a in schema.arguments), args, strict=False)) | kwargs
    if "dim" not in {a.name for a in schema.arguments}:
        return None
    dim = named.get("dim")
    source: torch.Tensor = args[0]
    if dim is None and name in ("argmax", "argmin"):
        places = order(source.numel())
        return places[operator(node.op)(source.reshape(-1)[places].reshape(source.shape), *args[1:], **kwargs)]
    if dim is None:
        dim = -1
    places = order(source.shape[dim])
    result = operator(node.op)(source.index_select(dim, places), *args[1:], **kwargs)
    if isinstance(result, torch.Tensor):
        return places[result]
    values, indices = result
    return values, places[indices]


def _other_pooled(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The pooled values with the indices of another order of ties: equal values moved apart by next to nothing."""
    source: torch.Tensor = args[0]
    values, _ = operator(node.op)(*args, **kwargs)
    scale = source.double().abs().nan_to_num(0.0, 0.0, 0.0).max() if source.numel() else source.new_zeros(())
    order = torch.linspace(0.0, 1.0, source.numel(), dtype=torch.float64).reshape(source.shape)
    apart = source.double() + order * (scale.double() * torch.finfo(source.dtype).eps)
    _, indices = operator(node.op)(apart, *args[1:], **kwargs)
    return values, indices


class IndexSource(NamedTuple):
    """What an output of indices points into.

    Attributes:
        values: the tensor.
        dim: along which dimension; None where indices count through the flattened tensor.
        distinct: whether no index may come twice along the dimension.
    """

    values: torch.Tensor
    dim: int | None
    distinct: bool = False


def index_source(case: TestCase, output: int) -> IndexSource | None:
    """For an output of indices that are free among equals, what they point into; None for any other output."""
    id_ = case.graph.outputs[output]
    found: list[IndexSource] = []

    def call(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
        schema = operator(node.op)._schema
        name = schema.name.split("::")[1]
        is_index = id_ in node.results[1:] or name.startswith("arg")
        if id_ in node.results[1:] and name in POOLINGS:
            found.append(IndexSource(args[0].flatten(-POOLINGS[name]).clone(), -1))
        if id_ in node.results and name in _DIMENSION and is_index and not kwargs.get("stable"):
            named = dict(zip((a.name for a in schema.arguments), args, strict=False)) | kwargs
            dim = named.get("dim", None if name in ("argmax", "argmin") else -1)
            found.append(IndexSource(args[0].clone(), dim, name in _DISTINCT))
        return plain_call(node, args, kwargs)

    interpret(case.graph, make_inputs(case.graph, case.recipe), make_constants(case.graph), "cpu", call)
    return found[0] if found else None


def same_choice(source: torch.Tensor, dim: int | None, want: torch.Tensor, got: torch.Tensor) -> torch.Tensor:
    """Where two index results point at values that are equal up to rounding; a bool tensor of the indices' shape.

    An index out of range points at nothing.
    """
    if dim == -1 and want.dim() > source.dim():
        # Indices of a pooling keep its window dimensions; the source has them flattened.
        want, got = want.flatten(source.dim() - 1), got.flatten(source.dim() - 1)
    extent = source.numel() if dim is None else (source.shape[dim] if source.dim() else 1)
    in_range = (got >= 0) & (got < extent)
    safe = got.clamp(0, max(extent - 1, 0))
    if dim is None:
        wanted, gotten = source.reshape(-1)[want], source.reshape(-1)[safe]
    else:
        keep = want.dim() == source.dim()
        index = (want, safe) if keep else (want.unsqueeze(dim), safe.unsqueeze(dim))
        wanted, gotten = (torch.gather(source, dim, i) if source.dim() else source.expand_as(i) for i in index)
        if not keep:
            wanted, gotten = wanted.squeeze(dim), gotten.squeeze(dim)
    if not source.dtype.is_floating_point:
        return in_range & (wanted == gotten)
    scale = source.double().abs().nan_to_num(0.0, 0.0, 0.0).max()
    slack = scale * 16 * torch.finfo(source.dtype).eps
    near = (wanted.double() - gotten.double()).abs() <= slack
    return in_range & (near | (wanted == gotten) | (wanted.isnan() & gotten.isnan()))


def _later_index(node: Node, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """For running maxima, whether the earlier or the later of equal values counts is free; give the earlier."""
    values, indices = operator(node.op)(*args, **kwargs)
    dim = args[1] if len(args) > 1 else kwargs["dim"]
    same = values == values.roll(1, dim)
    earlier = indices.clone()
    for position in range(1, values.shape[dim]):
        here, before = earlier.select(dim, position), earlier.select(dim, position - 1)
        here.copy_(torch.where(same.select(dim, position), before, here))
    return values, earlier
