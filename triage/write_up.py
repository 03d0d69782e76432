"""Writing a finding up: the stand-alone script that reproduces it, and the report that holds it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.ablation import ablation
from tensorsmith.triage.confirm import run_repro
from tensorsmith.triage.environment import environment
from tensorsmith.triage.facts import NOTHING, Facts
from tensorsmith.triage.float64 import float64_evidence
from tensorsmith.triage.report import report
from tensorsmith.triage.repro import longest_run, repro_script
from tensorsmith.triage.signature import as_judged
from tensorsmith.triage.tir.report import report_tir
from tensorsmith.triage.tir.repro import scripts as tir_scripts


def best_script(case: Case, verdict: Verdict, limits: Limits) -> tuple[str, bool]:
    """The first script that reproduces a failure in a fresh interpreter, and whether there is one.

    Without one it is the first that there is, or a comment that says why there is none.

    Args:
        case: the test case, best reduced.
        verdict: how it fails.
        limits: what the script allows a run before it counts as a hang, or as memory without end.

    Raises:
        ValueError: the verdict is no failure.
    """
    try:
        written = _scripts(case, verdict, limits)
    except InvalidInputError as error:
        return f"# {error}\n", False
    for script in written:
        if _runs(script, longest_run(limits)):
            return script, True
    return written[0], False


def _scripts(case: Case, verdict: Verdict, limits: Limits) -> list[str]:
    return tir_scripts(case, verdict, limits) if isinstance(case, TirCase) else [repro_script(case, verdict, limits)]


def write_report(case: Case, verdict: Verdict, reproduced: tuple[int, int], script: str, facts: Facts = NOTHING) -> str:
    """The report in Markdown.

    Args:
        case: the test case, best reduced.
        verdict: how it fails.
        reproduced: in how many of how many fresh processes it failed again.
        script: that reproduces it.
        facts: what else was found out.
    """
    if isinstance(case, TirCase):
        return report_tir(case, verdict, script, reproduced, facts)
    return report(case, verdict, reproduced, script, facts)


def find_facts(
    case: Case, verdict: Verdict, limits: Limits, related: tuple[str, ...] = (), bisected: str = ""
) -> Facts:
    """All that a report can say; it takes a dozen runs.

    Args:
        case: the test case, best reduced.
        verdict: how it fails.
        limits: of one run.
        related: lines of Markdown: what else it may be.
        bisected: Markdown: what a bisection found guilty.
    """
    if isinstance(case, TirCase):
        return Facts(related=related, bisected=bisected)
    return Facts(
        variants=ablation(case, as_judged(case, verdict), limits),
        float64=float64_evidence(case, verdict, limits),
        environment=environment(),
        related=related,
        bisected=bisected,
    )


def _runs(script: str, seconds: float) -> bool:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "repro.py"
        path.write_text(script)
        return run_repro(path, seconds)
