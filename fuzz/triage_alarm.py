"""From an alarm to a finding: confirm it alone, reduce it, write the script and see it fail in a fresh interpreter."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tensorsmith.fuzz.messages import TriageAlarm, Triaged
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.confirm import confirm, run_repro
from tensorsmith.triage.reduce import reduce_case
from tensorsmith.triage.report import report
from tensorsmith.triage.repro import repro_script

# A candidate of a reduction that hangs costs its whole time limit, so it gets a shorter one than the first run.
HANG_SECONDS = 10.0
# A script starts an interpreter and warms the compiler up itself, so it calls no less than this a hang.
SCRIPT_SECONDS = 20.0


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

    if verdict.kind == "hang":
        limits = Limits(min(order.time_limit, HANG_SECONDS), order.memory_limit)

    def judge(case: TestCase) -> Verdict:
        return judge_isolated(case, limits)

    reduced = reduce_case(order.case, verdict, judge, order.seconds, None)
    reproduced, of = confirm(reduced.case, reduced.verdict, limits)
    patience = max(order.time_limit, SCRIPT_SECONDS)
    script = repro_script(reduced.case, reduced.verdict, Limits(patience, order.memory_limit))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "repro.py"
        path.write_text(script)
        runs = run_repro(path, 2 * patience)
    return Triaged(
        order.id,
        reduced.case,
        reduced.verdict,
        reproduced,
        of,
        calls=reduced.calls,
        repro=script,
        report=report(reduced.case, reduced.verdict, (reproduced, of)),
        repro_runs=runs,
        slipped=reduced.slipped,
    )
