"""Failures of eight planted bugs in random programs become eight findings: `bench/deduplication.py`, fewer of them."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random

import pytest
import torch
from rich.console import Console

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.alarms import Alarms
from tensorsmith.fuzz.messages import TriageAlarm, Triaged
from tensorsmith.fuzz.screen import PlainScreen
from tensorsmith.ir.cases import Case, graph_case
from tensorsmith.oracles.judge import judge, judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.reduce import reduce_case
from tests.planted import eight_bugs as eight_bugs  # registers the backend
from tests.planted.eight_programs import program

FAILURES = 24


def judged(case: Case) -> Verdict:
    """Judge in this process what does not kill it."""
    deadly = "aten.amax.default" in graph_case(case).graph.operators()
    torch._dynamo.reset()
    return judge_isolated(case, Limits()) if deadly else judge(case)


def triaged(order: TriageAlarm) -> Triaged:
    reduced = reduce_case(graph_case(order.case), order.verdict, judged, 300.0)
    assert reduced.minimal
    return Triaged(
        order.id,
        reduced.case,
        reduced.verdict,
        2,
        2,
        "print(1)",
        "# It fails",
        repro_runs=True,
        slipped=reduced.slipped,
    )


@pytest.mark.timeout(600)
def test_failures_of_eight_bugs_are_eight_findings(tmp_path: Path) -> None:
    failures = [
        (case, verdict) for case in map(program, range(FAILURES)) if (verdict := judged(case)).outcome == "fail"
    ]
    assert len(failures) >= FAILURES - 1
    with Store.create(tmp_path / "campaign", Settings()) as store:
        alarms = Alarms(store, PlainScreen(Console(file=io.StringIO())), 2.0, 1 << 30)
        for failure in Random(1).sample(failures, len(failures)):
            alarms.hear(*failure)
        while (order := alarms.next()) is not None:
            alarms.settle(triaged(order))
        findings = store.findings()
    left = sorted(" ".join(op.split(".")[1] for op in finding.operators) for finding in findings)
    assert left == ["amax", "amin", "clamp", "cos", "exp", "mul relu", "relu mul", "sigmoid"]
    assert {finding.status for finding in findings} == {"confirmed"}
    assert sum(finding.seen for finding in findings) >= len(failures)
