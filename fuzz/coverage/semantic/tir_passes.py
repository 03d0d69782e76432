"""What the passes of a pipeline do to a program of TIR, heard from the judge, which looks at every pass anyway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensorsmith.fuzz.coverage.semantic.trail import Trail
from tensorsmith.ir.pipeline import Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.targets.api import Target
from tensorsmith.targets.tvm.parts import parts


class TirPasses:
    """Which passes change the program, which does so next, on what dtypes, and which constructs come and go thereby."""

    name = "tir-passes"

    def __init__(self) -> None:
        self._trail = Trail()
        # What the function is made of that the last change left.
        self._parts: frozenset[str] | None = None

    def observes(self, target: Target) -> bool:
        """See RunObserver."""
        return target.programs == "tir"

    def start(self, targets: Sequence[Target]) -> None:
        """See RunObserver. Who runs the judge has it call `changed`."""

    def changed(self, case: TirCase, step: Step, before: Any | None, after: Any | None) -> None:
        """Hear of a pass that changed the program; for `oracles.tir.judge.judge_tir`."""
        if before is None and after is None:
            return
        self._trail.fired(step.name)
        for buffer in case.program.buffers:
            self._trail.note(f"fired {step.name} with {buffer.dtype}")
        if before is None or after is None:
            self._parts = None
            return
        was = parts(before) if self._parts is None else self._parts
        self._parts = parts(after)
        self._trail.replaced(step.name, was, self._parts)

    def take(self) -> frozenset[str]:
        """See RunObserver."""
        self._parts = None
        return self._trail.take()

    def worth_telling(self, features: frozenset[str]) -> frozenset[str]:
        """See RunObserver. Of every test all is told."""
        return features
