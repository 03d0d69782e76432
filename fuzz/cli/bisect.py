"""`tensorsmith bisect`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tensorsmith.fuzz.cli.cases import named_case
from tensorsmith.fuzz.cli.judging import failing_verdict
from tensorsmith.fuzz.cli.options import (
    CampaignOption,
    CaseArgument,
    ImportOption,
    InputsOption,
    JsonOption,
    MemoryOption,
    TargetOption,
    TestTimeoutOption,
    import_first,
    limits,
    seconds,
)
from tensorsmith.fuzz.cli.output import print_json
from tensorsmith.ir.errors import InvalidInputError

if TYPE_CHECKING:
    from tensorsmith.ir.cases import Case
    from tensorsmith.oracles.verdict import Verdict
    from tensorsmith.targets.isolation import Limits
    from tensorsmith.triage.bisect.result import Bisected, Run


def bisect(
    name: CaseArgument,
    python: Annotated[
        list[Path] | None,
        typer.Option(
            "--python",
            metavar="PATH",
            help="A Python interpreter, or a virtual environment, of one release; give it again for each, the oldest "
            "first. Tells which release first fails, and nothing else.",
        ),
    ] = None,
    time: Annotated[str, typer.Option(metavar="TIME", help="How long to try.")] = "10m",
    campaign: CampaignOption = None,
    target: TargetOption = None,
    inputs: InputsOption = None,
    imports: ImportOption = None,
    test_timeout: TestTimeoutOption = None,
    memory: MemoryOption = None,
    json: JsonOption = False,
) -> None:
    """Tell which backend, part of the compiler, setting, pass or release makes a test case fail.

    Every run has a fresh process, and every answer is tried again. Ctrl-C tells what is known so far.

    Example: tensorsmith bisect reduced/testcase.json
    """
    allowed = limits(test_timeout, memory)
    deadline = seconds("--time", time)
    import_first(imports or ())

    from tensorsmith.triage.bisect.releases import python_of

    pythons = [python_of(path) for path in python or ()]
    case = named_case(name, campaign, target, inputs or ())
    verdict = failing_verdict(case, name, allowed)

    from tensorsmith.triage.bisect.api import bisected
    from tensorsmith.triage.bisect.text import answers, first_line, run_text

    # What a script reads is on standard output alone.
    progress = sys.stderr if json else sys.stdout

    def tell(run: Run) -> None:
        print(f"  {run_text(run)}", file=progress, flush=True)

    print(f"fails: {first_line(verdict)}", file=progress, flush=True)
    if pythons:
        found = _releases(case, verdict, name, pythons, allowed, tell)
    else:
        found = bisected(case, verdict, allowed, deadline, tell)
    if json:
        print_json(found)
        return
    print(f"after {found.runs} runs:")
    for line in answers(found):
        print(line)


def _releases(
    case: Case, verdict: Verdict, name: str, pythons: list[Path], allowed: Limits, tell: Callable[[Run], None]
) -> Bisected:
    """Bisect releases with the script that reproduces the failure here.

    Raises:
        InvalidInputError: there is no such script.
    """
    from tensorsmith.triage.bisect.api import bisected_releases
    from tensorsmith.triage.write_up import best_script

    script, reproduces = best_script(case, verdict, allowed)
    if not reproduces:
        raise InvalidInputError(f"{name}: no stand-alone script shows the failure here, so none can ask other releases")
    return bisected_releases(case, verdict, script, pythons, allowed, tell)
