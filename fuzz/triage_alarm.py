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

    def judge(case: TestCase) -> Verdict:
        return judge_isolated(case, limits)

    reduced = reduce_case(order.case, verdict, judge, order.seconds, None)
    reproduced, of = confirm(reduced.case, reduced.verdict, limits)
    script = repro_script(reduced.case, reduced.verdict)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "repro.py"
        path.write_text(script)
        runs = run_repro(path, order.time_limit + 60)
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
