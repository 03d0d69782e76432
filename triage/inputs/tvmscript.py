"""TVM's programs: TVMScript in a Python file, or as TVM prints it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from tensorsmith.generators.tir.parameters import INTEGERS
from tensorsmith.ir.errors import GraphError, InvalidInputError
from tensorsmith.ir.tir import DTYPES, TirBuffer, TirScalar
from tensorsmith.ir.tir_case import TirCase, TirRecipe
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.function import TirFunction, to_program
from tensorsmith.triage.inputs.api import Named

TARGET = "tvm-tir"
RECIPE = TirRecipe(seeds=(0, 1))

# What TVM prints imports nothing: its first line says in a comment what it would import.
_PRINTED = re.compile(r"\s*# from tvm\.script import ")


def is_printed(path: Path) -> bool:
    """Whether a file holds TVMScript as TVM prints it, which Python cannot import."""
    try:
        return _PRINTED.match(path.read_text()) is not None
    except (OSError, UnicodeDecodeError):
        return False


def is_program(found: object) -> bool:
    """Whether a thing in a script is TVM's: a PrimFunc or an IRModule. TVM is not loaded if the script did not."""
    if "tvm" not in sys.modules:
        return False
    return isinstance(found, adapter.tvm().tirx.PrimFunc) or adapter.is_module(found)


def load_printed(named: Named) -> TirCase:
    """The test case of a file of TVMScript as TVM prints it; a name tells which function of a module is meant.

    Raises:
        InvalidInputError: TVM does not take it, or it holds not just one function and none is named.
        GraphError: its parameters are of a kind that a test case cannot have.
        EnvironmentLacksError: TVM is not installed.
    """
    adapter.tvm()
    try:
        found = adapter.read_script(named.path.read_text())
    except Exception as error:  # the parser raises whatever it meets
        raise InvalidInputError(f"{named.path}: TVM cannot read it: {_reason(error)}") from error
    return load_object(found, named.name, named)


def load_object(found: Any, name: str, named: Named) -> TirCase:
    """The test case of a PrimFunc, or of the function of a module that is named, or the only one, for `tvm-tir`.

    Its pipeline is TVM's default one. Integers are drawn small, so that few programs overflow.

    Raises:
        InvalidInputError: there is no such function, or `--input` was given.
        GraphError: its parameters are of a kind that a test case cannot have.
    """
    named.without_inputs("the parameters of a function of TIR say what they are")
    func = _function(found, name, named) if adapter.is_module(found) else found
    if not isinstance(func, adapter.tvm().tirx.PrimFunc):
        raise InvalidInputError(f"{named.path}: `{named.name}` is no PrimFunc, which is what {TARGET} compiles")
    try:
        function = _described(func)
    except GraphError as error:
        raise GraphError(f"{named.path}: {error}") from error
    return TirCase(to_program(function), named.target or TARGET, RECIPE, named.device or "cpu")


def _function(module: Any, name: str, named: Named) -> Any:
    functions = {str(variable.name_hint): func for variable, func in module.functions.items()}
    if name:
        name = name.rpartition(".")[2]
        if name not in functions:
            raise InvalidInputError(f"{named.path}: the module has no `{name}`; it has {', '.join(sorted(functions))}")
        return functions[name]
    if len(functions) != 1:
        each = ", ".join(f"{named.path}:{named.name + '.' if named.name else ''}{one}" for one in sorted(functions))
        raise InvalidInputError(f"{named.path}: the module has {len(functions)} functions; name one: {each}")
    return next(iter(functions.values()))


def _described(func: Any) -> TirFunction:
    """The function as the entry, its buffers compact, with what its parameters are."""
    names = [str(variable.name) for variable in func.params]
    if len(set(names)) < len(names) or not all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names):
        names = [f"P{position}" for position in range(len(names))]
    buffers: list[TirBuffer] = []
    scalars: list[TirScalar] = []
    for variable, name in zip(func.params, names, strict=True):
        if adapter.is_buffer(variable):
            if scalars:
                raise GraphError(f"buffer `{name}` follows a scalar; a test case has its buffers first")
            buffers.append(_buffer(variable, name))
        else:
            scalars.append(_scalar(variable, name))
    if not buffers:
        raise GraphError("the function has no buffers, so nothing can be seen of it")
    new = {
        adapter.identity(variable): adapter.buffer(buffer.name, buffer.dtype, buffer.shape)
        for variable, buffer in zip(func.params, buffers, strict=False)
    }
    body = adapter.map_variables(func.body, lambda variable: new.get(adapter.identity(variable), variable))
    made = adapter.function([new.get(adapter.identity(one), one) for one in func.params], body)
    if func.attrs and "tirx.noalias" in func.attrs:
        made = made.with_attr("tirx.noalias", True)
    return TirFunction(made, tuple(buffers), tuple(scalars))


def _buffer(variable: Any, name: str) -> TirBuffer:
    dtype, _, strides, offset = adapter.buffer_layout(variable)
    sizes = adapter.shape(variable)
    if dtype not in DTYPES:
        raise GraphError(f"buffer `{name}`: a test case cannot have elements of {dtype}")
    if any(size is None for size in sizes):
        raise GraphError(f"buffer `{name}`: its shape is not constant; specialize the function to sizes first")
    if strides or (offset is not None and getattr(offset, "value", None) != 0):
        raise GraphError(f"buffer `{name}`: it has strides or an offset; a test case has compact buffers")
    return TirBuffer(name, dtype, tuple(size for size in sizes if size is not None), *INTEGERS.get(dtype, (None, None)))


def _scalar(variable: Any, name: str) -> TirScalar:
    dtype = adapter.dtype_of(variable)
    if dtype not in DTYPES:
        raise GraphError(f"parameter `{name}`: neither a buffer nor a number, but {dtype}")
    return TirScalar(name, dtype, *INTEGERS.get(dtype, (None, None)))


def _reason(error: Exception) -> str:
    return adapter.first_line(error) or type(error).__name__
