"""What the passes over Relax do, those of a build included, heard from an instrument of TVM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tensorsmith.fuzz.coverage.semantic.trail import Trail
from tensorsmith.targets.api import Target
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.parts import parts
from tensorsmith.targets.tvm.passes.apply import instrument_passes

# Passes over functions of TIR, of which a module has many, and those that only hold others.
_OTHERS = ("tirx.", "s_tir.", "sequential", "_pipeline")


class _Look(NamedTuple):
    """What is kept of a module: the module itself would have passes copy what they change."""

    hash: int
    parts: frozenset[str]


class RelaxPasses:
    """Which passes change a program of Relax, which does so next, and which operators come and go thereby."""

    name = "relax-passes"

    def __init__(self) -> None:
        self._trail = Trail()
        # The program as the pass before left it, which is as the next pass gets it.
        self._last: _Look | None = None
        # How many passes are under way, one within the other.
        self._depth = 0

    def observes(self, target: Target) -> bool:
        """See RunObserver."""
        return target.programs == "graph" and "tvm" in target.packages

    def start(self, targets: Sequence[Target]) -> None:
        """See RunObserver."""
        instrument_passes(adapter.pass_instrument(self._enter, self._leave))

    def take(self) -> frozenset[str]:
        """See RunObserver."""
        self._last, self._depth = None, 0
        return self._trail.take()

    def worth_telling(self, features: frozenset[str]) -> frozenset[str]:
        """See RunObserver. Of every test all is told."""
        return features

    def _enter(self, name: str, module: Any) -> None:
        if name.startswith(_OTHERS):
            return
        self._depth += 1
        main = adapter.entry_function(module) if self._last is None else None
        if main is not None:
            self._last = _Look(adapter.structural_hash(main), parts(main))

    def _leave(self, name: str, module: Any) -> None:
        if name.startswith(_OTHERS):
            return
        self._depth -= 1
        main = adapter.entry_function(module) if self._depth == 0 else None
        if main is None or self._last is None:
            return
        hash_ = adapter.structural_hash(main)
        if hash_ == self._last.hash:
            return
        before, self._last = self._last, _Look(hash_, parts(main))
        self._trail.fired(name)
        self._trail.replaced(name, before.parts, self._last.parts)
