"""Functions of TIR written as TVMScript, and what one reduction makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir import TirBuffer, TirScalar
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction, to_program
from tensorsmith.triage.tir.reductions.api import Reduction

HEAD = "# from tvm.script import tirx as T\n@T.prim_func(s_tir=True)\n"


def function(parameters: str, body: str) -> TirFunction:
    """A function of TVMScript's parameters and statements; integers lie in [0, 8]."""
    lines = "\n".join("    " + line for line in body.strip("\n").splitlines())
    func = adapter.read_script(f"{HEAD}def main({parameters}):\n{lines}\n")
    buffers = tuple(_buffer(one) for one in func.params if adapter.is_buffer(one))
    scalars = tuple(_scalar(one) for one in func.params if not adapter.is_buffer(one))
    return TirFunction(func, buffers, scalars)


def _buffer(variable: Any) -> TirBuffer:
    dtype = adapter.element_dtype(variable)
    sizes = tuple(size or 1 for size in adapter.shape(variable))
    return TirBuffer(str(variable.name), dtype, sizes, *((0, 8) if "int" in dtype else (None, None)))


def _scalar(variable: Any) -> TirScalar:
    dtype = adapter.dtype_of(variable)
    return TirScalar(str(variable.name), dtype, *((0, 8) if "int" in dtype else (None, None)))


def case_of(made: TirFunction, *steps: str) -> TirCase:
    """A test case with a pipeline of steps without parameters."""
    return TirCase(to_program(made), "tvm-tir", pipeline=Pipeline(tuple(Step(name) for name in steps)))


def kinds(made: TirFunction) -> list[str]:
    """The kinds of all nodes of a function's body."""
    return [tree.kind_of(node) for _, node in tree.walk(made.func.body)]


def has(*wanted: str) -> Callable[[TirFunction], bool]:
    return lambda made: set(wanted) <= set(kinds(made))


def text(made: TirFunction) -> str:
    """The function as TVMScript, from its parameters on, without what TVM prints before them."""
    printed = adapter.script(made.func)
    return "\n".join(printed[printed.index("def main") :].splitlines())


def reduced(
    made: TirFunction, reduction: Reduction, fails: Callable[[TirFunction], bool], limit: int = 2000
) -> TirFunction:
    """What one reduction alone makes of a function; candidates seen before, and ill-formed ones, are refused."""
    seen = {to_program(made).json}
    candidates = reduction(made)
    answer: bool | None = None
    for _ in range(limit):
        try:
            candidate = candidates.send(answer) if answer is not None else next(candidates)
        except StopIteration:
            return made
        data = to_program(candidate).json
        answer = data not in seen and adapter.is_well_formed(candidate.func) and fails(candidate)
        seen.add(data)
        if answer:
            made = candidate
    raise AssertionError("the reduction does not end")
