"""A PrimFunc as generators and mutators handle it: TVM's live object, with what its parameters are."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.tir import TirBuffer, TirProgram, TirScalar
from tensorsmith.targets.tvm import adapter, older


@dataclass(frozen=True)
class TirFunction:
    """A function whose parameters are `buffers` and then `scalars`, in order.

    Attributes:
        func: TVM's PrimFunc.
        buffers: what its buffer parameters are.
        scalars: what its scalar parameters are.
    """

    func: Any
    buffers: tuple[TirBuffer, ...]
    scalars: tuple[TirScalar, ...] = ()

    def with_body(self, body: Any) -> TirFunction:
        """The function with another body."""
        return replace(self, func=self.func.with_body(body))


def to_function(program: TirProgram) -> TirFunction:
    """The live function of a program.

    Raises:
        InvalidInputError: the program's `json` is not what this version of TVM writes.
    """
    func = _recent.get(program.json)
    if func is None:
        func = from_program(program)
    return TirFunction(func, program.buffers, program.scalars)


def from_program(program: TirProgram) -> Any:
    """The PrimFunc of a program.

    Raises:
        InvalidInputError: the program's `json` is not what this version of TVM writes.
    """
    names = adapter.tvm()
    try:
        func = _read_json(program.json)
    except (RuntimeError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise InvalidInputError(f"field `json`: TVM cannot read it: {adapter.first_line(error)}") from error
    if not isinstance(func, names.tirx.PrimFunc):
        raise InvalidInputError(f"field `json`: a {type(func).__name__}, not a PrimFunc")
    return func


def _read_json(text: str) -> Any:
    """The node of a JSON text; one that this version of TVM wrote is read without its slow conversion of old texts."""
    here = str(adapter.tvm().root.__version__)
    found = _WRITTEN_BY.search(text[-200:])
    if found is not None and found[1] == here:
        return adapter.ffi().serialization.from_json_graph_str(text)
    if found is not None and older.numbers(found[1]) > older.numbers(here):
        # It would be read, and be another program.
        raise ValueError(f"it was written by TVM {found[1]}, which is newer than {here}")
    return adapter.tvm().root.ir.load_json(text)


_WRITTEN_BY = re.compile(r'"tvm_version": *"([^"]+)"')


def to_program(function: TirFunction, with_script: bool = False) -> TirProgram:
    """The function as data; its TVMScript is slow to print and is left out unless asked for."""
    text = adapter.script(function.func) if with_script else ""
    json = adapter.json_of(function.func)
    if len(_recent) >= _KEPT:
        del _recent[next(iter(_recent))]
    _recent[json] = function.func
    return TirProgram(json, function.buffers, function.scalars, text)


# A worker makes a batch of programs and then judges them: the live functions of the last texts that were written.
_recent: dict[str, Any] = {}
_KEPT = 256
