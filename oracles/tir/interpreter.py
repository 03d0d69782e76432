"""The reference: a PrimFunc translated once to Python source, and run on the values of its arguments.

It is strict: whatever TIR leaves undefined raises. Integers are exact, floats are computed in their own dtype, with NaN
and signed zeros as IEEE has them. A function that calls transcendental functions is marked inexact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tensorsmith.ir.tir import DTYPES, FLOAT_DTYPES, integer_range
from tensorsmith.oracles.tir import runtime
from tensorsmith.oracles.tir.frame import Frame, Memory
from tensorsmith.oracles.tir.statements import memory_of, write_statement
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.tir.values import Value
from tensorsmith.targets.tvm import adapter

Array = np.ndarray[Any, Any]
STEPS = 1_000_000  # iterations of a run
_GLOBALS = runtime.names()


@dataclass(frozen=True)
class Reference:
    """A function that can be run.

    Attributes:
        source: the Python that runs.
        parameters: names of the parameters in order, with the buffer that each is, or a scalar's dtype.
        inexact: results depend on functions that libraries round differently; compare floats with a tolerance.
    """

    source: str
    parameters: tuple[tuple[str, Memory | str], ...]
    inexact: bool
    _run: Callable[..., None]

    def run(self, arguments: Mapping[str, Any]) -> dict[str, Array]:
        """The buffers after a run, in the order of the parameters; the arrays given stay as they are.

        Args:
            arguments: by name, an array of the buffer's dtype and shape, or a Python number.

        Raises:
            Undefined: the run does something that has no defined result.
        """
        passed = [_incoming(arguments[name], memory) for name, memory in self.parameters]
        with np.errstate(all="ignore"):
            self._run(*passed)
        return {
            name: np.array(values, dtype=memory.dtype).reshape(memory.shape)
            for (name, memory), values in zip(self.parameters, passed, strict=True)
            if isinstance(memory, Memory)
        }


def compile_function(func: Any, steps: int = STEPS) -> Reference:
    """Translate a PrimFunc.

    Args:
        func: as TVM holds it, before vector expressions are introduced.
        steps: the most loop iterations that a run may take.

    Raises:
        Unsupported: the function has a construct that the interpreter does not know.
    """
    frame = Frame()
    parameters: list[tuple[str, Memory | str]] = []
    for variable in func.params:
        name = frame.name("p")
        if adapter.is_buffer(variable):
            memory = memory_of(variable, name, local=False)
            frame.memories[adapter.identity(variable)] = memory
            parameters.append((str(variable.name), memory))
        else:
            scalar = _scalar(variable, name)
            frame.variables[adapter.identity(variable)] = scalar
            parameters.append((str(variable.name), scalar.dtype))
    write_statement(func.body, frame)
    source = _source(frame, len(parameters), steps)
    return Reference(source, tuple(parameters), frame.inexact, _compiled(source))


def _scalar(variable: Any, name: str) -> Value:
    dtype = adapter.dtype_of(variable)
    if dtype in FLOAT_DTYPES:
        return Value(name, dtype)
    if dtype in DTYPES:
        return Value(name, dtype, *integer_range(dtype))
    raise Unsupported(f"parameter of {dtype}")


def _source(frame: Frame, parameters: int, steps: int) -> str:
    constants = [f"{name} = {text}" for text, name in frame.constants.items()]
    names = ", ".join(f"p{position + 1}" for position in range(parameters))
    return "\n".join([*constants, f"def run({names}):", f" _n = {steps}", *frame.lines, ""])


def _compiled(source: str) -> Callable[..., None]:
    names = dict(_GLOBALS)
    try:
        code = compile(source, "<tir>", "exec")
    except (SyntaxError, RecursionError, MemoryError) as error:
        # Python nests at most 20 loops and about 100 parentheses.
        raise Unsupported(f"nesting too deep ({error})") from error
    with np.errstate(all="ignore"):
        exec(code, names)
    run: Callable[..., None] = names["run"]
    return run


def _incoming(value: Any, memory: Memory | str) -> Any:
    # Python's integers, but NumPy's floats: those are rounded to their dtype by every operation.
    if isinstance(memory, str):
        return runtime.FLOATS[memory](value) if memory in FLOAT_DTYPES else value
    if value.dtype != memory.dtype or value.shape != memory.shape:
        raise ValueError(f"{value.dtype}{list(value.shape)} for a buffer {memory.dtype}{list(memory.shape)}")
    flat = value.reshape(-1)
    return list(flat) if value.dtype.kind == "f" else flat.tolist()
