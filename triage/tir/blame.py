"""Which pass is blamed: of those that share an analysis the plainest, of a whole compilation the one that is wrong."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_LOWERING
from tensorsmith.targets.tvm.passes.ends import makes_native_code
from tensorsmith.targets.tvm.passes.settings import TARGET, settings_in
from tensorsmith.triage.signature import same_failure

# Passes that simplify expressions on the way share the faults of the simplifier, which has a pass of its own.
SUSPECTS = ("tirx.StmtSimplify",)
# TVM lowers intrinsics when the parameters are packed and nothing can be compared any more; the pass works before, too.
WITH_INTRINSICS = (*DEFAULT_LOWERING, Step("tirx.LowerIntrin"))


def usual_suspect(
    case: TirCase, verdict: Verdict, judge: Callable[[TirCase], Verdict]
) -> tuple[TirCase, Verdict] | None:
    """The test case with another pipeline that fails in the same way and names a plainer pass, with its verdict.

    Args:
        case: the test case, reduced.
        verdict: how it fails.
        judge: judges a candidate.
    """
    pipelines = [Pipeline((Step(name),)) for name in SUSPECTS if name != verdict.guilty]
    if makes_native_code(verdict.guilty):
        settings = settings_in(case.pipeline)
        # The default pipeline, one pass at a time.
        pipelines += [Pipeline(settings), Pipeline((*settings, *WITH_INTRINSICS))]
        # Native code in plainer ways: the default one, then the default pipeline.
        plainer = ((), tuple(step for step in settings if step.name != TARGET), settings)
        pipelines += [Pipeline((*kept, BUILD)) for kept in dict.fromkeys(plainer)]
    for pipeline in pipelines:
        candidate = msgspec.structs.replace(case, pipeline=pipeline)
        found = judge(candidate)
        alike = (found.outcome, found.kind, found.channel) == ("fail", verdict.kind, verdict.channel)
        if alike and found.guilty != verdict.guilty and (verdict.kind != "error" or same_failure(verdict, found)):
            return candidate, found
    return None
