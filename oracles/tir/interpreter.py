"""The reference: a PrimFunc translated once to Python source, and run on the values of its arguments.

It is strict: whatever TIR leaves undefined raises. Integers are exact, floats are computed in their own dtype, with NaN
and signed zeros as IEEE has them. A function that calls transcendental functions is marked inexact. What passes make of
a function takes the same arguments: they are bound by position, and an array by its memory.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from tensorsmith.ir.tir import BFLOAT16
from tensorsmith.oracles.tir import memory, promises, runtime
from tensorsmith.oracles.tir.expressions import value_of
from tensorsmith.oracles.tir.frame import Frame, Memory
from tensorsmith.oracles.tir.statements import write_statement
from tensorsmith.oracles.tir.undefined import Mixed, Undefined, Unsupported
from tensorsmith.oracles.tir.values import FLOATS, Value, of_dtype
from tensorsmith.oracles.tir.vectors import split_dtype
from tensorsmith.targets.tvm import adapter

Array = np.ndarray[Any, Any]
STEPS = 1_000_000  # iterations of a run
_GLOBALS = runtime.names()
_WIDE = _GLOBALS | {
    **{f"np_{dtype}": np.float64 for dtype in FLOATS},
    "int_to_float": lambda value, dtype: runtime.int_to_float(value, "float64"),
}
# Arithmetic of bfloat16 in float32.
_EXCESS = _GLOBALS | {
    "np_bfloat16": np.float32,
    "int_to_float": lambda value, dtype: runtime.int_to_float(value, "float32" if dtype == BFLOAT16 else dtype),
    "stored_bfloat16": runtime.rounded_bfloat16,
}
_SIZE = (0, (1 << 31) - 1)


@dataclass(frozen=True)
class Reference:
    """A function that can be run.

    Attributes:
        func: TVM's function.
        source: the Python that runs.
        parameters: names of the parameters in order, with the buffer that each is, or a scalar's dtype.
        inexact: results depend on functions that libraries round differently; compare floats with a tolerance.
        rounds: it has arithmetic of floats, which may round.
        excess: it has arithmetic of bfloat16, each result rounded here, where TVM keeps those in between as float32.
        in_float32: it is run as TVM does that: only what is stored in parameters is rounded to bfloat16, for buffers
            that are local become those of float32.
    """

    func: Any
    source: str
    parameters: tuple[tuple[str, Memory | str], ...]
    inexact: bool
    rounds: bool
    excess: bool
    _run: Callable[..., None]
    in_float32: bool = False

    def with_excess(self) -> Reference:
        """The function as TVM's code is to run it: values of bfloat16 are float32 until parameters take them."""
        return replace(self, _run=_compiled(self.source, _EXCESS), in_float32=True)

    def run(self, arguments: Mapping[str, Any]) -> dict[str, Array]:
        """The buffers after a run, with the names, dtypes and shapes of the arrays given; these stay as they are.

        Args:
            arguments: for each parameter, in order, an array or a Python number. A buffer takes an array of as many
                elements of as many bits, whatever their shape and dtype.

        Raises:
            Undefined: the run does something that has no defined result.
            ValueError: an array is not of the size of its buffer.
        """
        return self._results(arguments, self._run)

    def met_nan(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a run meets NaN or an infinity in an element, a constant or a result of floats.

        Slow: the function is translated anew.

        Raises:
            Undefined, ValueError: as `run`.
        """
        met = False

        def note(value: Any) -> Any:
            nonlocal met
            met = met or not np.isfinite(value)
            return value

        source, *_ = _written(self.func, STEPS, lazy=True, noting=True)
        self._results(arguments, _compiled(source, self._names | {"note": note}))
        return met

    def keeps_promises(self, arguments: Mapping[str, Any]) -> bool:
        """Whether in a run the blocks do what they promise: `tensorsmith.oracles.tir.promises`.

        Slow: the function is translated anew.

        Raises:
            ValueError: as `run`.
        """
        if promises.reads_outside(self.func.body) or promises.reads_what_it_writes(self.func.body):
            return False
        source, *_ = _written(self.func, STEPS, lazy=True, promising=True)
        try:
            self._results(arguments, _compiled(source, self._names | {promises.RECORD: promises.Promises()}))
        except Undefined:
            return False
        return True

    def run_wide(self, arguments: Mapping[str, Any]) -> dict[str, Array]:
        """The buffers after a run in which all floats have 64 bits, so that hardly anything rounds; they come back so.

        Slow: the function is compiled anew.

        Raises:
            Undefined, ValueError: as `run`.
        """
        passed, sizes = self._passed(arguments)
        buffers = [memory for _, memory in self.parameters]
        wide = [_widened(elements, memory) for elements, memory in zip(passed, buffers, strict=True)]
        names = _WIDE | {"stored_bfloat16": runtime.rounded_bfloat16} if self.in_float32 else _WIDE
        with np.errstate(all="ignore"):
            _compiled(self.source, names)(*wide, *sizes)
        return {
            name: np.array(elements).reshape(given.shape)
            if memory.dtype in FLOATS
            else _outgoing(elements, memory, given)
            for (name, given), memory, elements in zip(arguments.items(), buffers, wide, strict=True)
            if isinstance(memory, Memory)
        }

    def run_wrapping(self, arguments: Mapping[str, Any]) -> dict[str, Array]:
        """The buffers after a run in which integers that overflow wrap, as they do on a machine.

        Slow: the function is compiled anew.

        Raises:
            Undefined, ValueError: as `run`, but for overflow.
        """
        return self._results(arguments, _compiled(_OVERFLOWS.sub(_wraps, self.source), self._names))

    @property
    def _names(self) -> dict[str, Any]:
        return _EXCESS if self.in_float32 else _GLOBALS

    def _passed(self, arguments: Mapping[str, Any]) -> tuple[list[Any], list[int]]:
        values, buffers = list(arguments.values()), [memory for _, memory in self.parameters]
        passed = [_incoming(value, memory) for value, memory in zip(values, buffers, strict=True)]
        if self.in_float32:
            passed = [_in_float32(elements, memory) for elements, memory in zip(passed, buffers, strict=True)]
        return passed, [size for value, memory in zip(values, buffers, strict=True) for size in _sizes(value, memory)]

    def _results(self, arguments: Mapping[str, Any], run: Callable[..., None]) -> dict[str, Array]:
        passed, sizes = self._passed(arguments)
        buffers = [memory for _, memory in self.parameters]
        with np.errstate(all="ignore"):
            run(*passed, *sizes)
        return {
            name: _outgoing(elements, memory, value)
            for (name, value), memory, elements in zip(arguments.items(), buffers, passed, strict=True)
            if isinstance(memory, Memory)
        }


def compile_function(func: Any, steps: int = STEPS, before: Reference | None = None, lazy: bool = False) -> Reference:
    """Translate a PrimFunc.

    Args:
        func: as TVM holds it, before it is made a packed function.
        steps: the most loop iterations that a run may take.
        before: of the function before a pass; it is returned itself where the pass has changed nothing.
        lazy: `Select` evaluates only the value that it keeps. TVM's passes make selections whose other value is out of
            bounds, which `RewriteUnsafeSelect` repairs; a program that they start from should not have them.

    Raises:
        Unsupported: the function has a construct that the interpreter does not know.
    """
    if before is not None and adapter.same_function(before.func, func):
        return before
    source, frame, buffers = _written(func, steps, lazy)
    names = (str(variable.name) for variable in func.params)
    parameters = tuple(zip(names, buffers, strict=True))
    return Reference(func, source, parameters, frame.inexact, frame.rounds, frame.excess, _compiled(source))


def _written(
    func: Any, steps: int, lazy: bool, noting: bool = False, promising: bool = False
) -> tuple[str, Frame, list[Memory | str]]:
    mixed: frozenset[str] = frozenset()
    while True:
        try:
            return _written_with(func, steps, Frame(noting=noting, lazy=lazy, mixed=mixed, promising=promising))
        except Mixed as error:
            mixed |= {error.args[0]}


def _written_with(func: Any, steps: int, frame: Frame) -> tuple[str, Frame, list[Memory | str]]:
    names = [frame.name("p") for _ in func.params]
    for variable, name in zip(func.params, names, strict=True):
        if not adapter.is_buffer(variable):
            frame.variables[adapter.identity(variable)] = of_dtype(name, split_dtype(adapter.dtype_of(variable))[0])
    sizes = [name for variable in func.params for name in _shape_variables(variable, frame)]
    buffers = [_parameter(variable, name, frame) for variable, name in zip(func.params, names, strict=True)]
    write_statement(func.body, frame)
    return _source(frame, [*names, *sizes], steps), frame, buffers


def _parameter(variable: Any, name: str, frame: Frame) -> Memory | str:
    if not adapter.is_buffer(variable):
        return frame.variables[adapter.identity(variable)].dtype
    made = memory.parameter(variable, name, frame)
    frame.memories[adapter.identity(variable)] = made
    return made


def _shape_variables(variable: Any, frame: Frame) -> list[str]:
    """Names of the actual sizes of a buffer's dimensions that are not constant; a variable alone takes its value."""
    if not adapter.is_buffer(variable):
        return []
    names = []
    for size in adapter.buffer_layout(variable)[1]:
        if type(size).__name__ == "IntImm":
            continue
        name = frame.name("s")
        names.append(name)
        if type(size).__name__ == "Var" and adapter.identity(size) not in frame.variables:
            frame.variables[adapter.identity(size)] = Value(name, adapter.dtype_of(size), *_SIZE)
        else:
            frame.write(f"if {name} != {value_of(size, frame).text}: shapes_differ()")
    return names


def _source(frame: Frame, names: list[str], steps: int) -> str:
    constants = [f"{name} = {text}" for text, name in frame.constants.items()]
    return "\n".join([*constants, f"def run({', '.join(names)}):", f" _n = {steps}", *frame.lines, ""])


def _compiled(source: str, names: Mapping[str, Any] = _GLOBALS) -> Callable[..., None]:
    own = dict(names)
    try:
        code = _code(source)
    except (SyntaxError, RecursionError, MemoryError) as error:
        # Python nests at most 20 loops and about 100 parentheses.
        raise Unsupported(f"nesting too deep ({error})") from error
    with np.errstate(all="ignore"):
        exec(code, own)
    run: Callable[..., None] = own["run"]
    return run


# Passes change much that is not in the source; and mutants of a program are judged soon after it.
@lru_cache(1024)
def _code(source: str) -> CodeType:
    return compile(source, "<tir>", "exec")


def _incoming(value: Any, memory: Memory | str) -> Any:
    # Python's integers, but NumPy's floats: those are rounded to their dtype by every operation.
    if isinstance(memory, str):
        return runtime.FLOATS[memory](value) if memory in FLOATS else value
    dtype = runtime.numpy_dtype(memory.dtype)
    if value.dtype.itemsize != dtype.itemsize or not _may_hold(value.shape, memory):
        raise ValueError(f"{value.dtype}{list(value.shape)} for a buffer {memory.dtype}{_shape_text(memory)}")
    flat = np.ascontiguousarray(value).reshape(-1).view(dtype)
    return list(flat) if memory.dtype in FLOATS else flat.tolist()


# What `values.fitted` writes around a value `_t` whose greatest is at the end.
_OVERFLOWS = re.compile(r"<= (\d+) else overflow\(\)")


def _wraps(found: re.Match[str]) -> str:
    greatest = int(found.group(1))
    signed = greatest.bit_length() % 8 == 7
    wrapped = f"((_t + {greatest + 1}) & {2 * greatest + 1}) - {greatest + 1}" if signed else f"_t & {greatest}"
    return f"<= {greatest} else {wrapped}"


def _widened(elements: Any, memory: Memory | str) -> Any:
    if isinstance(memory, str):
        return np.float64(elements) if memory in FLOATS else elements
    return [np.float64(element) for element in elements] if memory.dtype in FLOATS else elements


def _in_float32(elements: Any, memory: Memory | str) -> Any:
    if isinstance(memory, str):
        return np.float32(elements) if memory == BFLOAT16 else elements
    return [np.float32(element) for element in elements] if memory.dtype == BFLOAT16 else elements


def _may_hold(shape: tuple[int, ...], memory: Memory) -> bool:
    """Whether an array of `shape` can be the memory of a buffer: equal sizes, or flat, or in vectors."""
    if len(memory.shape) == len(shape) and memory.lanes == 1:
        return all(size.low <= actual <= size.high for size, actual in zip(memory.shape, shape, strict=True))
    if any(size.low != size.high for size in memory.shape):
        return len(memory.shape) == 1
    if len(memory.shape) > 1 and memory.lanes == 1:
        return False
    return math.prod(size.low for size in memory.shape) * memory.lanes == math.prod(shape)


def _shape_text(memory: Memory) -> str:
    sizes = ", ".join(str(size.low) if size.low == size.high else size.text for size in memory.shape)
    return f"[{sizes}]" + (f" of vectors of {memory.lanes}" if memory.lanes > 1 else "")


def _sizes(value: Any, memory: Memory | str) -> list[int]:
    """The sizes of an array's dimensions that its buffer leaves open."""
    if isinstance(memory, str):
        return []
    shape = value.shape if len(memory.shape) == len(value.shape) else (value.size // memory.lanes,)
    return [actual for size, actual in zip(memory.shape, shape, strict=True) if size.low != size.high]


def _outgoing(elements: list[Any], memory: Memory, given: Any) -> Array:
    flat: Array = np.array(elements, dtype=runtime.numpy_dtype(memory.dtype)).view(given.dtype)
    if flat.dtype == bool and memory.dtype != "bool" and not set(elements) <= {0, 1}:
        raise Undefined("a boolean that is neither 0 nor 1")
    shaped: Array = flat.reshape(given.shape)
    return shaped
