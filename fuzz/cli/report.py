"""`tensorsmith report`."""

from __future__ import annotations

import typer

from tensorsmith.fuzz.cli.cases import named_case
from tensorsmith.fuzz.cli.judging import failing_verdict
from tensorsmith.fuzz.cli.options import (
    CampaignOption,
    CaseArgument,
    ImportOption,
    MemoryOption,
    TargetOption,
    TestTimeoutOption,
    import_first,
    limits,
)
from tensorsmith.ir.tir_case import TirCase


def report(
    name: CaseArgument,
    campaign: CampaignOption = None,
    target: TargetOption = None,
    imports: ImportOption = None,
    test_timeout: TestTimeoutOption = None,
    memory: MemoryOption = None,
) -> None:
    """Judge a test case and print a bug report in Markdown, ready for a person to read, check and file.

    Example: tensorsmith report 3f2a --campaign campaigns/first > report.md
    """
    allowed = limits(test_timeout, memory)
    import_first(imports or ())
    case = named_case(name, campaign, target)
    verdict = failing_verdict(case, name, allowed)

    from tensorsmith.triage.confirm import confirm
    from tensorsmith.triage.relax.blame import blamed
    from tensorsmith.triage.write_up import best_script, write_report

    script, reproduces = best_script(case, verdict, allowed)
    if not reproduces:
        typer.echo("the script in this report did not reproduce the failure here", err=True)
    again = confirm(case, verdict, allowed)
    known = verdict if isinstance(case, TirCase) else blamed(case, verdict, allowed)
    print(write_report(case, known, again, script), end="")
