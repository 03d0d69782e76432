"""A test case in Relax, by either way in, and how a run of it becomes what eager would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.inputs import make_constants, make_inputs
from tensorsmith.targets.tvm.relax.execute import Compiled
from tensorsmith.targets.tvm.relax.exported import import_exported
from tensorsmith.targets.tvm.relax.functional import functional
from tensorsmith.targets.tvm.relax.memory import memory_of_outputs, placed
from tensorsmith.targets.tvm.relax.translate.module import to_relax
from tensorsmith.targets.tvm.relax.unsupported import Unsupported
from tensorsmith.targets.tvm.relax.ways import Way


@dataclass(frozen=True)
class Program:
    """A test case in Relax.

    Attributes:
        case: the test case.
        module: the IRModule; `main` takes the inputs and returns a tuple: the outputs, what is to be written to
            inputs, and the guards.
        written: positions of the inputs that are written to.
        guards: for each guard, what is not supported if it comes out true.
        sources: for each output, the input that it is a view of in eager mode.
    """

    case: TestCase
    module: Any
    written: tuple[int, ...]
    guards: tuple[str, ...]
    sources: tuple[int | None, ...]


def program_of(case: TestCase, way: Way) -> Program:
    """Bring a test case into Relax.

    Raises:
        Unsupported: the way does not take it.
        whatever TVM raises.
    """
    inputs = make_inputs(case.graph, case.recipe, case.device)
    sources = tuple(memory_of_outputs(case, make_inputs(case.graph, case.recipe, case.device)))
    if way == "import":
        return Program(case, import_exported(case, inputs), (), (), sources)
    found = functional(case.graph, inputs, make_constants(case.graph, case.device))
    translated = to_relax(found.graph, make_constants(found.graph, case.device))
    return Program(case, translated.module, found.written, translated.guards, sources)


def last_expression(case: TestCase) -> Any | None:
    """The last expression of a program that is translated until something raises; None if nothing does.

    Raises:
        Unsupported: the program is not taken.
    """
    inputs = make_inputs(case.graph, case.recipe, case.device)
    found = functional(case.graph, inputs, make_constants(case.graph, case.device))
    expressions: list[Any] = []
    try:
        to_relax(found.graph, make_constants(found.graph, case.device), expressions.append)
    except Exception:
        return expressions[-1] if expressions else None
    return None


def run_program(program: Program, compiled: Compiled, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Run what was compiled of a program on inputs, which it may write to, and return its outputs.

    Raises:
        Unsupported: the values are not what the translation takes, such as NaN where TVM orders numbers.
        whatever the run raises.
    """
    returned = compiled(inputs)
    count = len(program.case.graph.outputs)
    flags = returned[count + len(program.written) :]
    for flag, words in zip(flags, program.guards, strict=True):
        if bool(flag):
            raise Unsupported(f"tvm-relax does not support {words}")
    for position, value in zip(program.written, returned[count:], strict=False):
        inputs[position].copy_(value)
    return placed(returned[:count], program.case, inputs, program.sources)
