"""Reduction of a failing test of TIR in a process of its own, because a candidate may crash or hang TVM.

Most failures crash nothing, and then all candidates are judged in one child, hundreds a second. If the child dies, or
if the failure is a death, every candidate gets a child.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

import msgspec
from msgspec.structs import replace

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.tir.judge import judge_tir, sane_tir
from tensorsmith.oracles.verdict import DEATHS, Verdict
from tensorsmith.targets.isolation import Completed, Died, Limits, run_isolated
from tensorsmith.targets.tvm.passes.ends import step_name
from tensorsmith.triage.search import Progress, Reduced
from tensorsmith.triage.tir.blame import usual_suspect
from tensorsmith.triage.tir.pipeline import explicit
from tensorsmith.triage.tir.reduce import reduce_tir

# What the child may take to end after its deadline, in seconds.
_SLACK = 30.0

_decoder = msgspec.json.Decoder(Reduced[TirCase])


def reduce_tir_isolated(
    case: TirCase,
    verdict: Verdict,
    limits: Limits,
    deadline_seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
) -> Reduced[TirCase]:
    """Reduce a failing test case of TIR.

    Args:
        case: the test case.
        verdict: how it fails at these limits.
        limits: of one run.
        deadline_seconds: after so long the best so far is returned, as it is on Ctrl-C.
        on_progress: called after every run of the judge, where each has a process of its own.

    Raises:
        ValueError: the verdict is no failure.
    """

    def judge(candidate: TirCase) -> Verdict:
        return judge_isolated(candidate, limits)

    if verdict.kind in DEATHS:
        return reduce_tir(case, verdict, judge, deadline_seconds, on_progress)
    seconds = min(deadline_seconds, 3 * limits.seconds)
    whole = Limits(seconds + _SLACK, limits.rss_bytes)
    ended = run_isolated(lambda: msgspec.json.encode(_reduce_and_blame(case, verdict, judge_tir, seconds)), whole)
    if not isinstance(ended, Died):
        return _decoder.decode(ended.payload)
    return _reduce_and_blame(case, verdict, judge, deadline_seconds, on_progress)


def seconds_without(case: TirCase, guilty: str, limits: Limits) -> float | None:
    """How long a test case takes to be judged up to a step; None if it does not end even so.

    Args:
        case: the test case.
        guilty: the step before which it ends.
        limits: of the run.
    """
    settings, passes = explicit(case)
    before = tuple(takewhile(lambda step: step.name != step_name(guilty), passes))
    shorter = replace(case, pipeline=Pipeline((*settings, *before)))

    def judged() -> bytes:
        # A pipeline without passes is the default one.
        return msgspec.json.encode(judge_tir(shorter) if before else sane_tir(shorter))

    ended = run_isolated(judged, limits)
    return ended.seconds if isinstance(ended, Completed) else None


def _reduce_and_blame(
    case: TirCase,
    verdict: Verdict,
    judge: Callable[[TirCase], Verdict],
    seconds: float,
    on_progress: Callable[[Progress], None] | None = None,
) -> Reduced[TirCase]:
    """Reduce, and once more if a plainer pass is to blame."""
    reduced = reduce_tir(case, verdict, judge, seconds, on_progress)
    plainer = usual_suspect(reduced.case, reduced.verdict, judge)
    if plainer is None:
        return reduced
    again = reduce_tir(*plainer, judge, seconds, on_progress)
    return replace(again, calls=reduced.calls + again.calls, slipped=reduced.slipped + again.slipped)
