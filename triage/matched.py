"""Settling whether a failure is a known one: the calls in which the known program occurs, to be judged on their own."""

from __future__ import annotations

from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.duplicates import KnownFinding, occurrence
from tensorsmith.triage.rebuild import built, without_nodes


def matched_part(case: TestCase, finding: KnownFinding) -> TestCase | None:
    """The test case with only the calls in which a known finding's program occurs, on the values that they get here.

    None if it does not occur, or the calls alone are ill-typed.
    """
    matched = occurrence(finding.graph, case.graph)
    if not matched:
        return None
    return built(without_nodes, case, set(range(len(case.graph.nodes))) - matched)
