"""Any backend of torch.compile, entered the way a user does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.targets.api import Gives, Knob, Programs, Runnable, Steps
from tensorsmith.targets.devices import missing_device
from tensorsmith.targets.dynamo import warm_dynamo
from tensorsmith.targets.modules import module_of, outputs_of

# The one step that every torch.compile backend has: compile for symbolic shapes from the start.
DYNAMIC = Knob("dynamic", (True,))


class TorchBackend:
    """`torch.compile(program, backend=...)`."""

    devices: tuple[Device, ...] = ("cpu", "cuda")
    packages: tuple[str, ...] = ("torch._dynamo", "torch._functorch", "torch._inductor", "torch._decomp", "torch.fx")
    programs: Programs = "graph"
    steps: Steps = "knobs"
    gives: Gives = "values"

    def __init__(self, name: str, backend: str, summary: str) -> None:
        self.name = name
        self.backend = backend
        self.summary = summary

    def missing(self, device: Device) -> str | None:
        """See Target."""
        if self.backend not in torch._dynamo.list_backends(exclude_tags=()):
            known = ", ".join(torch._dynamo.list_backends(exclude_tags=()))
            return (
                f"torch.compile has no backend `{self.backend}`; it has {known}; import the package that registers it"
            )
        return missing_device(device)

    def warm(self) -> None:
        """See Target. The backend itself is loaded but not run: it is what may hang, or eat memory."""
        torch.set_num_threads(1)
        torch._dynamo.lookup_backend(self.backend)
        warm_dynamo()

    def knobs(self) -> tuple[Knob, ...]:
        """See Target."""
        return (DYNAMIC,)

    def operators(self) -> None:
        """See Target."""

    def compile(self, case: TestCase) -> Runnable:
        """See Target. Compilation happens in the first run."""
        torch._dynamo.reset()
        module = module_of(case)
        dynamic = any(step.name == DYNAMIC.name for step in case.pipeline.steps) or None
        compiled = torch.compile(module.forward, backend=self.backend, dynamic=dynamic, fullgraph=True)

        def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
            with torch.no_grad():
                return outputs_of(compiled(*inputs))

        return run

    def compile_many(
        self, cases: Sequence[TestCase], started: Callable[[int], None] = lambda position: None
    ) -> list[Runnable | Exception]:
        """See Target. Nothing is shared."""
        return [self.compile(case) for case in cases]
