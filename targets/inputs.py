"""The tensors that a test case runs on: recipes made real, in the layout and sharing that the inputs ask for."""

from __future__ import annotations

import torch

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import Graph, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe, Literals, Values
from tensorsmith.ir.torch_args import TO_TORCH
from tensorsmith.targets.values import draw


def make_inputs(graph: Graph, recipe: InputRecipe, device: str = "cpu") -> list[torch.Tensor]:
    """Fresh input tensors, one for each input of the graph, with its exact strides, offset and sharing.

    Raises:
        InvalidInputError: the recipe does not fit the graph.
    """
    if len(recipe.inputs) != len(graph.inputs):
        raise InvalidInputError(f"{len(recipe.inputs)} recipes for {len(graph.inputs)} inputs")
    made: dict[int, torch.Tensor] = {}
    for item, values in zip(graph.inputs, recipe.inputs, strict=True):
        if item.shares is None:
            made[item.id] = make_tensor(item.type, values, device)
        else:
            made[item.id] = torch.as_strided(made[item.shares], item.type.shape, item.type.strides, item.type.offset)
    return [made[item.id] for item in graph.inputs]


def make_constants(graph: Graph, device: str = "cpu") -> dict[int, torch.Tensor]:
    """Fresh tensors for the constants of the graph, by id."""
    return {c.id: make_tensor(c.type, c.values, device) for c in graph.constants}


def make_tensor(type_: TensorType, values: Values, device: str = "cpu") -> torch.Tensor:
    """One tensor of a type. The recipe fills the whole storage, gaps between strides included.

    Raises:
        InvalidInputError: written-out values are fewer or more than the storage has elements.
    """
    storage = storage_values(type_, values).to(device)
    return torch.as_strided(storage, type_.shape, type_.strides, type_.offset)


def storage_values(type_: TensorType, values: Values) -> torch.Tensor:
    """The contents of a tensor's storage on the CPU, shape `[storage_size]`."""
    if isinstance(values, Drawn):
        return draw(values, type_.dtype, type_.storage_size)
    if len(values.data) != type_.storage_size:
        raise InvalidInputError(f"{len(values.data)} values written out for {type_.storage_size} elements")
    return torch.tensor(numbers(values), dtype=TO_TORCH[type_.dtype])


def numbers(values: Literals) -> list[bool | int | float]:
    """The written-out values as Python numbers."""
    return [float(x) if isinstance(x, str) else x for x in values.data]
