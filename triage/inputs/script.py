"""Things in a user's Python file: functions and modules of PyTorch, and programs of TVMScript."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import torch

from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.triage.inputs import tvmscript
from tensorsmith.triage.inputs.api import Named
from tensorsmith.triage.inputs.calls import Arguments, arguments_of, case_of_call

EXAMPLE_INPUTS = "example_inputs"


def load(named: Named) -> Case:
    """The test case of a thing in a script.

    Raises:
        InvalidInputError: there is no such thing, the script cannot be imported or read, or gives no inputs.
        GraphError: the program cannot become a graph.
        EnvironmentLacksError: it is TVMScript, and TVM is not installed.
    """
    if tvmscript.is_printed(named.path):
        return tvmscript.load_printed(named)
    if not named.name:
        raise InvalidInputError(f"{named.path}: name the function or module too, as {named.path}:name")
    # What scripts print is not what this program prints.
    with contextlib.redirect_stdout(sys.stderr):
        module = _imported(named)
        found, rest = _thing(module, named)
        if tvmscript.is_program(found):
            return tvmscript.load_object(found, rest, named)
        if not callable(found):
            raise InvalidInputError(f"{named.path}: has no function or module `{named.name}`")
        function = _uncompiled(_instance(found, named))
        return case_of_call(function, _arguments(module, named), named)


def _thing(module: ModuleType, named: Named) -> tuple[Any, str]:
    """What a dotted name leads to, and the rest of the name after a module of TVM."""
    found: Any = module
    parts = named.name.split(".")
    for position, part in enumerate(parts):
        if position and tvmscript.is_program(found):
            return found, ".".join(parts[position:])
        found = getattr(found, part, None)
    return found, ""


def _instance(found: Any, named: Named) -> Callable[..., Any]:
    if not (isinstance(found, type) and issubclass(found, torch.nn.Module)):
        return found  # type: ignore[no-any-return]
    try:
        made: Callable[..., Any] = found()
    except Exception as error:
        raise InvalidInputError(
            f"{named.path}: `{named.name}()` raised {_described(error)}; of a class that takes arguments "
            "name an instance, which the script makes"
        ) from error
    return made


def _uncompiled(function: Any) -> Callable[..., Any]:
    """What torch.compile was given, where a script names what it made of it."""
    while True:
        inner = getattr(function, "_orig_mod", None) or getattr(function, "_torchdynamo_orig_callable", None)
        if inner is None:
            return function  # type: ignore[no-any-return]
        function = inner


def _arguments(module: ModuleType, named: Named) -> Arguments:
    if named.inputs:
        return arguments_of(named.inputs)
    make = getattr(module, EXAMPLE_INPUTS, None)
    if not callable(make):
        raise InvalidInputError(
            f"{named.path}: has no `{EXAMPLE_INPUTS}()` that returns a tuple of tensors; write one, or give an "
            "--input for each, such as 'f32[4, 8]'"
        )
    try:
        made = make()
    except Exception as error:
        raise InvalidInputError(f"{named.path}: `{EXAMPLE_INPUTS}()` raised {_described(error)}") from error
    if isinstance(made, torch.Tensor):
        return Arguments((made,))
    if isinstance(made, Mapping) and all(isinstance(name, str) for name in made):
        return Arguments((), dict(made))
    if isinstance(made, (tuple, list)):
        return Arguments(tuple(made))
    raise InvalidInputError(
        f"{named.path}: `{EXAMPLE_INPUTS}()` must return a tuple of arguments, or a dict of arguments by name, not a "
        f"{type(made).__name__}"
    )


def _imported(named: Named) -> ModuleType:
    """The script as a module, which finds its neighbors as it does when Python runs it."""
    path = named.path
    spec = importlib.util.spec_from_file_location(f"tensorsmith_case_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InvalidInputError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InvalidInputError(f"{path}: cannot be imported: {_described(error)}") from error
    return module


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
