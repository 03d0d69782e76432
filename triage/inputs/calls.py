"""A call of a user's program, as a test case: its arguments, and how the values of its tensors are made."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from tensorsmith.ir.errors import GraphError, InvalidInputError
from tensorsmith.ir.fx import from_call
from tensorsmith.ir.graph import TensorType
from tensorsmith.ir.kept_values import kept
from tensorsmith.ir.recipe import Drawn, InputRecipe, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.text import parse_made
from tensorsmith.targets.inputs import make_tensor
from tensorsmith.triage.inputs.api import Named

TARGET = "inductor"

_TYPE = re.compile(r"\s*\w+\s*\[")


@dataclass(frozen=True)
class Arguments:
    """What a program is called with. `values` says how the tensors among them were made, in order, if that is known."""

    positional: Sequence[Any]
    named: Mapping[str, Any] = field(default_factory=dict)
    values: Sequence[Values] = ()


def arguments_of(inputs: Sequence[str]) -> Arguments:
    """The arguments that `--input` options ask for: types of tensors, whose values are drawn, and constants.

    Raises:
        InvalidInputError: one is neither.
    """
    positional: list[Any] = []
    values: list[Values] = []
    for position, text in enumerate(inputs):
        where = f"--input {text!r}"
        if _TYPE.match(text):
            type_, made = parse_made(text, where)
            values.append(made or Drawn("normal", position))
            positional.append(_tensor(type_, values[-1], where))
        else:
            positional.append(_constant(text, where))
    return Arguments(positional, {}, values)


def case_of_call(function: Callable[..., Any], arguments: Arguments, named: Named) -> TestCase:
    """The test case of a call, for Inductor unless another target was named.

    Raises:
        GraphError: it cannot become a graph; the message names the file.
    """
    try:
        graph, tensors = from_call(function, arguments.positional, arguments.named)
        recipe = tuple(
            arguments.values[position]
            if position < len(arguments.values)
            else _recorded(tensor, graph.inputs[position].type, position)
            for position, tensor in enumerate(tensors)
        )
    except GraphError as error:
        raise GraphError(f"{named.path}{f':{named.name}' if named.name else ''}: {error}") from error
    return TestCase(graph, InputRecipe(recipe), named.target or TARGET, named.device or "cpu")


def _recorded(tensor: torch.Tensor, type_: TensorType, position: int) -> Values:
    """The recipe of an example input: the whole storage that it reaches into."""
    return kept(torch.as_strided(tensor.detach(), (type_.storage_size,), (1,), 0), position)


def _tensor(type_: TensorType, values: Values, where: str) -> torch.Tensor:
    try:
        return make_tensor(type_, values)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {error}") from error
    except RuntimeError as error:
        raise InvalidInputError(f"{where}: no tensor can be made of it: {str(error).splitlines()[0]}") from error


def _constant(text: str, where: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise InvalidInputError(
            f"{where}: neither the type of a tensor, such as 'f32[4, 8]' or "
            "'i64[4] = drawn(\"index\", seed=1, high=10)', nor a constant of Python"
        ) from None
