"""A test case as a model of ONNX: torch.export, then torch's exporter.

A model has neither writes to its inputs nor views. What a program writes to inputs comes out after its outputs and is
copied there after the run; what is a view of an input is placed there (`targets.tvm.relax.memory`).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from tensorsmith.ir.dtypes import COMPLEX
from tensorsmith.ir.graph import Ref
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.targets.modules import module_of
from tensorsmith.targets.onnxruntime.packages import quiet
from tensorsmith.targets.onnxruntime.unsupported import lacking_function, unsupported
from tensorsmith.targets.tvm.relax.memory import memory_of_outputs


@dataclass(frozen=True)
class Model:
    """A test case in ONNX.

    Attributes:
        onnx: the model, as a file has it.
        written: positions of the inputs that are written to; their values come after the outputs.
        sources: for each output, the input that it is a view of in eager mode.
    """

    onnx: bytes
    written: tuple[int, ...]
    sources: tuple[int | None, ...]


class _WithoutWrites(torch.nn.Module):
    """Runs a module on copies of the inputs that it writes to, and returns these after its outputs."""

    def __init__(self, module: torch.nn.Module, written: Sequence[int]) -> None:
        super().__init__()
        self.module = module
        self.written = written

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        own = [x.clone() if position in self.written else x for position, x in enumerate(inputs)]
        return (*self.module(*own), *(own[position] for position in self.written))


def model_of(case: TestCase) -> Model:
    """Export a test case.

    Raises:
        Unsupported: torch.export does not take it, or the exporter has no function for an operator, or ONNX cannot say
            what it does.
        whatever else the exporter raises.
    """
    _check(case)
    inputs = make_inputs(case.graph, case.recipe, case.device)
    versions = [x._version for x in inputs]
    sources = tuple(memory_of_outputs(case, inputs))
    written = tuple(n for n, x in enumerate(inputs) if x._version != versions[n])
    if written and any(item.shares is not None for item in case.graph.inputs):
        raise unsupported("writes where inputs share memory")
    module: torch.nn.Module = _WithoutWrites(module_of(case), written) if written else module_of(case)
    with torch.no_grad(), quiet():
        return Model(_to_onnx(_exported(module, make_inputs(case.graph, case.recipe, case.device))), written, sources)


def _check(case: TestCase) -> None:
    types = case.graph.types()
    if any(type_.dtype in COMPLEX for type_ in types.values()):
        raise unsupported("complex numbers", "ONNX has no operators for them")
    for node in case.graph.nodes:
        if "as_strided" not in node.op:
            continue
        source = node.args[0]
        if isinstance(source, Ref) and (types[source.id].stride or types[source.id].offset):
            raise unsupported(f"{node.op} of what is not contiguous", "values have no strides in ONNX")


def _exported(module: torch.nn.Module, inputs: Sequence[torch.Tensor]) -> torch.export.ExportedProgram:
    try:
        return torch.export.export(module, tuple(inputs))
    except Exception as error:
        raise unsupported("this program", f"torch.export: {_first_line(error)}") from None


def _to_onnx(exported: torch.export.ExportedProgram) -> bytes:
    try:
        program: Any = torch.onnx.export(exported, dynamo=True, verbose=False)
    except Exception as error:
        chain = _chain(error)
        if any(type(one).__name__ == "DispatchError" for one in chain):
            name = lacking_function("\n".join(map(str, reversed(chain))))
            raise unsupported(name or "an operator", "torch.onnx has no function for it") from None
        raise
    model: bytes = program.model_proto.SerializeToString()
    return model


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__
    return found


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@cache
def exportable_operators() -> frozenset[str] | None:
    """Names of the overloads that the installed exporter has a function for; None if it does not say.

    There is no public way to ask.
    """
    try:
        registration = importlib.import_module("torch.onnx._internal.exporter._registration")
        with quiet():
            functions = registration.ONNXRegistry.from_torchlib().functions
    except (ImportError, AttributeError):
        return None
    # As in `aten::add.Tensor`, or `aten::abs` for the default overload.
    names = (str(name).replace("::", ".") for name in functions)
    return frozenset(
        name if name.count(".") == 2 else f"{name}.default" for name in names if name.startswith(("aten.", "prims."))
    )
