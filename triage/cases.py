"""Test cases from what a user has: a test-case file, a finding, a Python function with example inputs, a `.pt2`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import torch

from tensorsmith.ir.cases import Case, load
from tensorsmith.ir.errors import InvalidInputError, TensorsmithError
from tensorsmith.ir.fx import from_exported, from_function, literals
from tensorsmith.ir.graph import Graph
from tensorsmith.ir.operators import operator
from tensorsmith.ir.recipe import Drawn, InputRecipe, Values
from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.ir.tir_case import TirCase

EXAMPLE_INPUTS = "example_inputs"
FILE_NAME = "testcase.json"

# Above this many elements, the values of example inputs are drawn again instead of kept.
KEPT_LIMIT = 65536


def load_case(text: str, target: str | None = None, device: Device | None = None) -> Case:
    """The test case that a command-line argument names.

    Args:
        text: a test-case file, the directory of a finding, `script.py:function`, or an exported program `.pt2`.
        target: the target to use; None leaves a test-case file's own, and means `inductor` for a program.
        device: as `target`; None means `cpu` for a program.

    Raises:
        InvalidInputError: it is none of these, or cannot be read.
        GraphError: the program cannot become a graph.
    """
    path = Path(text)
    if path.is_dir():
        path = path / FILE_NAME
        if not path.exists():
            raise InvalidInputError(f"{text}: no finding, it has no {FILE_NAME}")
    if path.suffix == ".json":
        return _retargeted(stored_case(path), target, device)
    name = ""
    if not path.exists() and ".py:" in text:
        file, name = text.rsplit(":", 1)
        path = Path(file)
    if not path.exists():
        raise InvalidInputError(f"{text}: no such file; give a test case, a finding, script.py:function or a .pt2 file")
    if path.suffix == ".py":
        if not name:
            raise InvalidInputError(f"{text}: name the function too, as {text}:function")
        graph, inputs = _from_script(path, name)
    elif path.suffix == ".pt2":
        graph, inputs = _from_exported(path)
    else:
        raise InvalidInputError(f"{text}: neither a test case (.json), a script (.py:function) nor an export (.pt2)")
    recipe = InputRecipe(tuple(recorded(t, graph, position) for position, t in enumerate(inputs)))
    return TestCase(graph, recipe, target or "inductor", device or "cpu")


def stored_case(path: Path) -> Case:
    """The test case of a file, of operators that the installed torch has.

    Raises:
        InvalidInputError: the file cannot be read or is none, or has an unknown operator.
    """
    case = load(path)
    if isinstance(case, TirCase):
        return case
    for node in case.graph.nodes:
        try:
            operator(node.op)
        except InvalidInputError as error:
            raise InvalidInputError(f"{path}: {error}; if it is your own, --import what registers it") from error
    return case


def recorded(tensor: torch.Tensor, graph: Graph, position: int) -> Values:
    """The recipe of an example input: its storage written out, or new values if it is large.

    Raises:
        GraphError: the tensor is complex.
    """
    type_ = graph.inputs[position].type
    if type_.storage_size > KEPT_LIMIT:
        if not tensor.is_floating_point() and tensor.dtype is not torch.bool and int(tensor.min()) >= 0:
            return Drawn("index", position, int(tensor.max()) + 1)
        return Drawn("normal", position)
    return literals(torch.as_strided(tensor.detach(), (type_.storage_size,), (1,), 0))


def _retargeted(case: Case, target: str | None, device: Device | None) -> Case:
    return msgspec.structs.replace(case, target=target or case.target, device=device or case.device)


def _from_script(path: Path, name: str) -> tuple[Graph, Sequence[torch.Tensor]]:
    module = _imported(path)
    function = getattr(module, name, None)
    if not callable(function):
        raise InvalidInputError(f"{path}: has no function or module `{name}`")
    make = getattr(module, EXAMPLE_INPUTS, None)
    if not callable(make):
        raise InvalidInputError(f"{path}: has no `{EXAMPLE_INPUTS}()` that returns a tuple of tensors")
    try:
        if isinstance(function, type) and issubclass(function, torch.nn.Module):
            function = function()
        made: Any = make()
    except Exception as error:
        raise InvalidInputError(f"{path}: raised {type(error).__name__}: {error}") from error
    inputs = (made,) if isinstance(made, torch.Tensor) else made
    if not isinstance(inputs, (tuple, list)) or not all(isinstance(t, torch.Tensor) for t in inputs):
        raise InvalidInputError(f"{path}: `{EXAMPLE_INPUTS}()` must return a tuple of tensors")
    return from_function(function, tuple(inputs)), inputs


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tensorsmith_case_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InvalidInputError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InvalidInputError(f"{path}: cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _from_exported(path: Path) -> tuple[Graph, Sequence[torch.Tensor]]:
    try:
        program = torch.export.load(path)
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise InvalidInputError(f"{path}: no exported program: {reason}") from error
    try:
        return from_exported(program)
    except TensorsmithError:
        raise
    except Exception as error:
        raise InvalidInputError(f"{path}: cannot become a graph: {error}") from error
