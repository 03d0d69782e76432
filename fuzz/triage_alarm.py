"""From an alarm to a finding: confirm it alone, reduce it, write the script and see it fail in a fresh interpreter."""

from __future__ import annotations

import time

from tensorsmith.fuzz.messages import TriageAlarm, Triaged
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import DEATHS
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.reduce_isolated import reduce_isolated
from tensorsmith.triage.write_up import best_script, write_report

# A script is run on other machines too, so it calls no less than this a hang.
SCRIPT_SECONDS = 5.0
# The reduction of a failure of TIR gets so many times what one test may take.
TIR_TIMES = 3.0


def triage_alarm(order: TriageAlarm) -> Triaged:
    """Do all of that. Runs in a warm process that forks a child for every run of hostile code."""
    limits = Limits(order.time_limit, order.memory_limit)
    started = time.monotonic()
    verdict = judge_isolated(order.case, limits)
    took = time.monotonic() - started
    if verdict.outcome != "fail":
        # Once more: a flaky failure deserves the chance, and an invalid case does not.
        again = judge_isolated(order.case, limits) if verdict.outcome == "pass" else verdict
        if again.outcome != "fail":
            return Triaged(order.id, order.case, again, 0, 2)
        verdict = again

    # Most candidates of TIR take milliseconds.
    quick = isinstance(order.case, TirCase) and verdict.kind not in DEATHS
    seconds = min(order.seconds, TIR_TIMES * order.time_limit) if quick else order.seconds
    reduced, (reproduced, of) = reduce_isolated(order.case, verdict, limits, seconds, first_seconds=took)
    script_limits = Limits(max(order.time_limit, SCRIPT_SECONDS), order.memory_limit)
    script, runs = best_script(reduced.case, reduced.verdict, script_limits)
    return Triaged(
        order.id,
        reduced.case,
        reduced.verdict,
        reproduced,
        of,
        repro=script,
        report=write_report(reduced.case, reduced.verdict, (reproduced, of), script),
        repro_runs=runs,
        slipped=reduced.slipped,
    )
