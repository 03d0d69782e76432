"""`tensorsmith report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tensorsmith.corpus.findings import SHOWN, Finding
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.cli.cases import campaign_of, named_case
from tensorsmith.fuzz.cli.judging import failing_verdict
from tensorsmith.fuzz.cli.options import (
    CampaignOption,
    CaseArgument,
    ImportOption,
    InputsOption,
    MemoryOption,
    TargetOption,
    TestTimeoutOption,
    import_first,
    limits,
)
from tensorsmith.ir.cases import Case
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.triage.known import KnownBug, known_beside


def report(
    name: CaseArgument,
    campaign: CampaignOption = None,
    target: TargetOption = None,
    inputs: InputsOption = None,
    imports: ImportOption = None,
    test_timeout: TestTimeoutOption = None,
    memory: MemoryOption = None,
    bisect: Annotated[bool, typer.Option(help="Find what is guilty, as `tensorsmith bisect` does.")] = True,
) -> None:
    """Judge a test case and print a bug report in Markdown, ready for a person to read, check and file.

    The program is also compiled in other ways, compared with float64, with the findings of its campaign, and bisected;
    standard error tells of the runs. Nothing is filed.

    Example: tensorsmith report 3f2a --campaign campaigns/first > report.md
    """
    allowed = limits(test_timeout, memory)
    import_first(imports or ())
    case = named_case(name, campaign, target, inputs or ())
    verdict = failing_verdict(case, name, allowed)

    from tensorsmith.triage.bisect.api import bisected
    from tensorsmith.triage.bisect.text import run_text, to_markdown
    from tensorsmith.triage.confirm import confirm
    from tensorsmith.triage.related import related
    from tensorsmith.triage.relax.blame import blamed
    from tensorsmith.triage.write_up import best_script, find_facts, write_report

    script, reproduces = best_script(case, verdict, allowed)
    if not reproduces:
        typer.echo("the script in this report did not reproduce the failure here", err=True)
    again = confirm(case, verdict, allowed)
    known = verdict if isinstance(case, TirCase) else blamed(case, verdict, allowed)
    others, bugs = _of_campaign(campaign_of(name, campaign))
    guilty = ""
    if bisect:
        guilty = to_markdown(bisected(case, known, allowed, on_run=lambda run: typer.echo(run_text(run), err=True)))
    facts = find_facts(case, known, allowed, related(case, known, others, bugs), guilty)
    print(write_report(case, known, again, script, facts), end="")


def _of_campaign(campaign: Path | None) -> tuple[list[tuple[Finding, Case]], tuple[KnownBug, ...]]:
    """The findings of a campaign with their smallest test cases, and its registry of known bugs."""
    if campaign is None:
        return [], ()
    with Store.open(campaign) as store:
        shown = [finding for finding in store.findings() if finding.status in SHOWN]
        return [(one, store.case(one.case)) for one in shown], known_beside(campaign, store.settings.known)
