"""The targets `tvm-relax` and `tvm-relax-import`: Apache TVM from graphs of operators down to native code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tensorsmith.ir.errors import EnvironmentLacksError
from tensorsmith.ir.testcase import Device, TestCase
from tensorsmith.targets.api import Gives, Knob, Programs, Runnable, Steps
from tensorsmith.targets.tvm.adapter import tvm
from tensorsmith.targets.tvm.relax.execute import compile_module
from tensorsmith.targets.tvm.relax.program import program_of, run_program
from tensorsmith.targets.tvm.relax.translate.table import TRANSLATIONS
from tensorsmith.targets.tvm.relax.ways import WAYS


class TvmRelax:
    """`tvm.compile(module, target="llvm")`; the steps of a pipeline are passes that run before its own."""

    devices: tuple[Device, ...] = ("cpu",)
    packages: tuple[str, ...] = ("tvm",)
    programs: Programs = "graph"
    steps: Steps = "relax"
    gives: Gives = "values"

    def __init__(self, name: str, summary: str) -> None:
        self.name = name
        self.way = WAYS[name]
        self.summary = summary

    def missing(self, device: Device) -> str | None:
        """See Target."""
        try:
            tvm()
        except EnvironmentLacksError as error:
            return str(error)
        return None

    def warm(self) -> None:
        """See Target."""
        torch.set_num_threads(1)
        tvm()

    def knobs(self) -> tuple[Knob, ...]:
        """See Target. Its pipelines are sequences of passes, which knobs cannot say."""
        return ()

    def operators(self) -> frozenset[str]:
        """See Target. The importer's own table is about as long as ours."""
        return frozenset(TRANSLATIONS)

    def compile(self, case: TestCase) -> Runnable:
        """See Target."""
        program = program_of(case, self.way)
        compiled = compile_module(program.module, case.pipeline)

        def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
            with torch.no_grad():
                return run_program(program, compiled, inputs)

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


def relax_targets() -> tuple[TvmRelax, ...]:
    """Both targets."""
    return (
        TvmRelax("tvm-relax", "Apache TVM from Relax down: operators translated by a table"),
        TvmRelax("tvm-relax-import", "Apache TVM behind torch.export and its own importer"),
    )
