"""The target `onnxruntime`: torch's exporter of ONNX, then ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tensorsmith.ir.errors import EnvironmentLacksError
from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.targets.api import Gives, Knob, Programs, Runnable, Steps
from tensorsmith.targets.onnxruntime.export import exportable_operators, model_of
from tensorsmith.targets.onnxruntime.knobs import onnxruntime_knobs
from tensorsmith.targets.onnxruntime.packages import keep_functions, onnxruntime, quiet
from tensorsmith.targets.onnxruntime.session import open_session
from tensorsmith.targets.tvm.relax.memory import placed

NAME = "onnxruntime"


class OnnxRuntime:
    """`InferenceSession(torch.onnx.export(program, dynamo=True))`; its pipelines switch optimizers off."""

    name = NAME
    summary = "ONNX Runtime on the CPU, behind torch.export and torch.onnx.export"
    devices: tuple[Device, ...] = ("cpu",)
    packages: tuple[str, ...] = ("torch.onnx", "onnxscript", "onnx_ir", "onnxruntime")
    programs: Programs = "graph"
    steps: Steps = "knobs"
    gives: Gives = "values"

    def missing(self, device: Device) -> str | None:
        """See Target."""
        try:
            onnxruntime()
        except EnvironmentLacksError as error:
            return str(error)
        return None

    def warm(self) -> None:
        """See Target. No session is opened: it starts threads."""
        torch.set_num_threads(1)
        onnxruntime()
        keep_functions()
        with torch.no_grad(), quiet():
            torch.onnx.export(torch.nn.ReLU(), (torch.ones(2),), dynamo=True, verbose=False)

    def knobs(self) -> tuple[Knob, ...]:
        """See Target."""
        return onnxruntime_knobs()

    def operators(self) -> frozenset[str] | None:
        """See Target."""
        return exportable_operators()

    def compile(self, case: TestCase) -> Runnable:
        """See Target."""
        model = model_of(case)
        session = open_session(model.onnx, case.pipeline)
        count = len(case.graph.outputs)

        def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
            returned = session(inputs)
            with torch.no_grad():
                for position, value in zip(model.written, returned[count:], strict=True):
                    inputs[position].copy_(value)
                return placed(returned[:count], case, inputs, model.sources)

        return run

    def compile_many(
        self, cases: Sequence[TestCase], started: Callable[[int], None] = lambda position: None
    ) -> list[Runnable | Exception]:
        """See Target. Nothing is shared."""
        compiled: list[Runnable | Exception] = []
        for position, case in enumerate(cases):
            started(position)
            try:
                compiled.append(self.compile(case))
            except Exception as error:
                compiled.append(error)
        return compiled
