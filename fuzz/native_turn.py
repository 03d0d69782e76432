"""Tests of TIR that have reached something new get a turn as native code, which costs as much as many tests without."""

from __future__ import annotations

from tensorsmith.fuzz.messages import Origin, RunBatch
from tensorsmith.ir.cases import Case
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.targets.tvm.passes.ends import is_end
from tensorsmith.targets.tvm.passes.settings import passes_in

SIZE = 8
# One batch in so many may be such a turn.
EVERY = 16
# Those that wait at most; while there is more news than time, the rest go without.
MOST = 32


class NativeTurn:
    """The tests that wait for theirs."""

    def __init__(self) -> None:
        self._waiting: list[tuple[TirCase, Origin]] = []
        self._since = 0

    def offer(self, case: Case, origin: Origin) -> None:
        """Take a test that has reached something new, unless its program was compiled anyway."""
        if not isinstance(case, TirCase) or len(self._waiting) >= MOST:
            return
        steps = passes_in(case.pipeline)
        if not steps or is_end(steps[-1]):
            return
        self._waiting.append((case, Origin(case.id, origin.mutators)))

    def next(self) -> RunBatch | None:
        """A batch of those that waited longest, if there are enough of them and it is their turn."""
        self._since += 1
        if len(self._waiting) < SIZE or self._since < EVERY:
            return None
        self._since = 0
        batch, self._waiting = self._waiting[:SIZE], self._waiting[SIZE:]
        return RunBatch(tuple(case for case, _ in batch), tuple(origin for _, origin in batch), native=True)
