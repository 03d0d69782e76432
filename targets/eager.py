"""PyTorch without a compiler: the baseline, and a target whose findings would be faults of the harness."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.targets.api import Gives, Knob, Programs, Runnable, Steps
from tensorsmith.targets.devices import missing_device
from tensorsmith.targets.inputs import make_constants
from tensorsmith.targets.interpret import interpret


class Eager:
    """Runs a program operator by operator."""

    name = "eager"
    summary = "PyTorch without a compiler, the baseline that others are judged by"
    devices: tuple[Device, ...] = ("cpu", "cuda")
    packages: tuple[str, ...] = ()
    programs: Programs = "graph"
    steps: Steps = "knobs"
    gives: Gives = "values"

    def missing(self, device: Device) -> str | None:
        """See Target."""
        return missing_device(device)

    def warm(self) -> None:
        """See Target."""

    def knobs(self) -> tuple[Knob, ...]:
        """See Target."""
        return ()

    def operators(self) -> None:
        """See Target."""

    def compile(self, case: TestCase) -> Runnable:
        """See Target."""
        constants = make_constants(case.graph, case.device)

        def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
            return interpret(case.graph, inputs, constants, case.device)

        return run

    def compile_many(
        self, cases: Sequence[TestCase], started: Callable[[int], None] = lambda position: None
    ) -> list[Runnable | Exception]:
        """See Target."""
        return [self.compile(case) for case in cases]
