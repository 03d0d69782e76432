"""From an alarm to a finding: confirm it alone, reduce it, write the script and see it fail in a fresh interpreter."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tensorsmith.fuzz.messages import TriageAlarm, Triaged
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.confirm import run_repro
from tensorsmith.triage.reduce_isolated import reduce_isolated
from tensorsmith.triage.report import report
from tensorsmith.triage.repro import longest_run, repro_script

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
    script = repro_script(reduced.case, reduced.verdict, script_limits)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "repro.py"
        path.write_text(script)
        runs = run_repro(path, longest_run(script_limits))
    return Triaged(
        order.id,
        reduced.case,
        reduced.verdict,
        reproduced,
        of,
        repro=script,
        report=report(reduced.case, reduced.verdict, (reproduced, of), limits=script_limits),
        repro_runs=runs,
        slipped=reduced.slipped,
    )
