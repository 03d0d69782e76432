"""From an alarm to a finding: confirm it alone, reduce it, write the script and see it fail in a fresh interpreter."""

from __future__ import annotations

from tensorsmith.fuzz.messages import TriageAlarm, Triaged
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.reduce_isolated import reduce_isolated
from tensorsmith.triage.write_up import best_script, write_report

# A script is run on other machines too, so it calls no less than this a hang.
SCRIPT_SECONDS = 5.0


def triage_alarm(order: TriageAlarm) -> Triaged:
    """Do all of that. Runs in a warm process that forks a child for every run of hostile code."""
    limits = Limits(order.time_limit, order.memory_limit)
    verdict = judge_isolated(order.case, limits)
    if verdict.outcome != "fail":
        # Once more: a flaky failure deserves the chance, and an invalid case does not.
        again = judge_isolated(order.case, limits) if verdict.outcome == "pass" else verdict
        if again.outcome != "fail":
            return Triaged(order.id, order.case, again, 0, 2)
        verdict = again

    reduced, (reproduced, of) = reduce_isolated(order.case, verdict, limits, order.seconds)
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
