"""No program at all: what a pass raises, or hangs on, whatever it is given."""

from __future__ import annotations

from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.triage.tir.reductions.api import Candidates, does_nothing, nothing


def no_body(function: TirFunction) -> Candidates:
    """Put a statement that does nothing for the whole body."""
    if not does_nothing(function.func.body):
        yield function.with_body(nothing())
