"""PyTorch without a compiler: the baseline, and a target whose findings would be faults of the harness."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.targets.api import Knob, Runnable
from tensorsmith.targets.devices import missing_device
from tensorsmith.targets.modules import module_of, outputs_of


class Eager:
    """Runs a program operator by operator."""

    name = "eager"
    summary = "PyTorch without a compiler, the baseline that others are judged by"
    devices: tuple[Device, ...] = ("cpu", "cuda")
    packages: tuple[str, ...] = ()

    def missing(self, device: Device) -> str | None:
        """See Target."""
        return missing_device(device)

    def warm(self) -> None:
        """See Target."""

    def knobs(self) -> tuple[Knob, ...]:
        """See Target."""
        return ()

    def compile(self, case: TestCase) -> Runnable:
        """See Target."""
        module = module_of(case)

        def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
            with torch.no_grad():
                return outputs_of(module(*inputs))

        return run

    def compile_many(
        self, cases: Sequence[TestCase], started: Callable[[int], None] = lambda position: None
    ) -> list[Runnable | Exception]:
        """See Target."""
        return [self.compile(case) for case in cases]
