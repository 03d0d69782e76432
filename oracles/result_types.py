"""The types of results as a target promises them against those that eager gives: dtype, shape, strides."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.errors import failed_with
from tensorsmith.oracles.observation import Observation
from tensorsmith.oracles.verdict import Channel, Verdict, passed
from tensorsmith.targets.api import Runnable, Target
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.inputs import make_inputs

NAME = "types"


def judge_call(case: TestCase, expected: Observation, run: Runnable, target: Target) -> Verdict:
    """Compare the types of what a target returns with those of what eager returns."""
    # What was observed are copies, and those have strides of their own.
    want = Eager().compile(case)(make_inputs(case.graph, case.recipe, case.device))
    try:
        got = run(make_inputs(case.graph, case.recipe, case.device))
    except Exception as error:
        return failed_with(NAME, error, target)
    found = _difference(want, got)
    if found is None:
        return passed(NAME)
    channel, message = found
    return Verdict("fail", NAME, kind="wrong-result", channel=channel, message=message)


def _difference(want: Sequence[torch.Tensor], got: Sequence[torch.Tensor]) -> tuple[Channel, str] | None:
    if len(want) != len(got):
        return "count", f"{len(want)} outputs expected, got {len(got)}"
    for position, (w, g) in enumerate(zip(want, got, strict=True)):
        if w.dtype != g.dtype:
            return "dtype", f"output {position}: dtype {w.dtype} expected, got {g.dtype}"
        if w.shape != g.shape:
            return "shape", f"output {position}: shape {list(w.shape)} expected, got {list(g.shape)}"
        if significant_strides(w) != significant_strides(g):
            return "strides", f"output {position}: strides {list(w.stride())} expected, got {list(g.stride())}"
    return None


def significant_strides(tensor: torch.Tensor) -> list[int]:
    """Strides of the dimensions along which there are two elements or more; none of a tensor without elements."""
    return [s for s, n in zip(tensor.stride(), tensor.shape, strict=True) if n > 1] if tensor.numel() else []
