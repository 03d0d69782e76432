"""PyTorch's meta kernels, which compilers take the types of results from, as a target of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.targets.api import Gives, Knob, Programs, Runnable, Steps
from tensorsmith.targets.inputs import make_constants
from tensorsmith.targets.interpret import interpret


class Meta:
    """Runs a program on fake tensors: dtypes, shapes and strides, and no values."""

    name = "meta"
    summary = "PyTorch's meta kernels: the dtypes, shapes and strides that compilers believe results to have"
    devices: tuple[Device, ...] = ("cpu",)
    packages: tuple[str, ...] = (
        "torch._subclasses",
        "torch._meta_registrations",
        "torch._decomp",
        "torch._refs",
        "torch._prims",
        "torch._prims_common",
    )
    programs: Programs = "graph"
    steps: Steps = "knobs"
    gives: Gives = "types"

    def missing(self, device: Device) -> str | None:
        """See Target."""
        return None

    def warm(self) -> None:
        """See Target."""
        with FakeTensorMode():
            torch.ones(2) + 1

    def knobs(self) -> tuple[Knob, ...]:
        """See Target."""
        return ()

    def operators(self) -> None:
        """See Target."""

    def compile(self, case: TestCase) -> Runnable:
        """See Target. Nothing happens before the run."""
        constants = make_constants(case.graph, case.device)

        def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
            with FakeTensorMode(allow_non_fake_inputs=False) as mode:
                fakes = [mode.from_tensor(tensor) for tensor in inputs]
                fake_constants = {id_: mode.from_tensor(tensor) for id_, tensor in constants.items()}
                return interpret(case.graph, fakes, fake_constants, case.device)

        return run

    def compile_many(
        self, cases: Sequence[TestCase], started: Callable[[int], None] = lambda position: None
    ) -> list[Runnable | Exception]:
        """See Target."""
        return [self.compile(case) for case in cases]
