"""Evidence by float64: how far eager and the compiled program are from a run of the program in that."""

from __future__ import annotations

import msgspec
import torch
from torch._dynamo.utils import same

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.noise import float64_run
from tensorsmith.oracles.observation import observe
from tensorsmith.oracles.validity import with_new_values
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.eager import Eager
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.targets.registry import graph_target


class _Output(msgspec.Struct, frozen=True):
    dtype: str
    eager: float
    compiled: float


class _Compared(msgspec.Struct, frozen=True):
    """`agrees` is what `torch._dynamo.utils.same` says of the outputs beside those of float64."""

    agrees: bool
    outputs: tuple[_Output, ...]


_decoder = msgspec.json.Decoder(_Compared | None)


def float64_evidence(case: TestCase, verdict: Verdict, limits: Limits) -> str:
    """Markdown on how far eager and the compiled program are from float64; empty where that says nothing.

    That is so unless values are wrong that are no whole numbers, and operators do float64. The program is run twice, in
    one process of its own, like a judge does; the first run that differs is told.

    Args:
        case: the test case.
        verdict: how it fails.
        limits: of both runs.
    """
    if verdict.kind != "wrong-result" or verdict.channel != "values":
        return ""
    ended = run_isolated(lambda: msgspec.json.encode(_compared(case)), limits)
    found = None if isinstance(ended, Died) else _decoder.decode(ended.payload)
    if found is None or not found.outputs:
        return ""
    rows = "\n".join(
        f"| {position} | {one.dtype} | {one.eager:.3g} | {one.compiled:.3g} |"
        for position, one in enumerate(found.outputs)
    )
    agrees = "`True`: they agree by that measure" if found.agrees else "`False`: they do not agree"
    return (
        "The greatest distance from the same program on the same values in float64:\n\n"
        f"| output | dtype | eager | compiled |\n|---|---|---|---|\n{rows}\n\n"
        f"`torch._dynamo.utils.same(expected, actual, fp64_ref=...)` gives {agrees}."
    )


def _compared(case: TestCase) -> _Compared | None:
    compiled = graph_target(case.target).compile(case)
    first: _Compared | None = None
    for call in (case, with_new_values(case)):
        reference = float64_run(call)
        if reference is None:
            return first
        expected, actual = observe(Eager().compile(call), call).outputs, observe(compiled, call).outputs
        pairs = [
            (want.cpu(), got.cpu(), wide)
            for want, got, wide in zip(expected, actual, reference, strict=False)
            if want.is_floating_point() and want.shape == got.shape == wide.shape and want.dtype == got.dtype
        ]
        outputs = tuple(
            _Output(str(want.dtype).removeprefix("torch."), _distance(want, wide), _distance(got, wide))
            for want, got, wide in pairs
        )
        agrees = all(same(want, got, wide, equal_nan=True) for want, got, wide in pairs)
        found = _Compared(agrees, outputs)
        if not agrees:
            return found
        first = first or found
    return first


def _distance(tensor: torch.Tensor, wide: torch.Tensor) -> float:
    """The greatest distance where both are finite."""
    away = (tensor.double() - wide).abs()
    away = away[away.isfinite()]
    return float(away.max()) if away.numel() else 0.0
