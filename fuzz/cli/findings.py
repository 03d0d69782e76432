"""`tensorsmith findings`, `show` and `mark`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markdown import Markdown

from tensorsmith.corpus.findings import SHOWN, Finding, Status
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.cli.options import CampaignArgument, JsonOption
from tensorsmith.fuzz.cli.output import print_json, print_table

# So many of the tests that a finding was seen in are listed.
_TESTS = 8

FindingArgument = Annotated[str, typer.Argument(metavar="ID", help="The id of a finding, or the beginning of one.")]


def findings(
    directory: CampaignArgument,
    all_: Annotated[
        bool, typer.Option("--all", help="Those too that wait to be confirmed, or did not fail again.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List the findings of a campaign that were confirmed in fresh processes, flaky, known and fixed ones included.

    Example: tensorsmith findings campaigns/first --json
    """
    with Store.open(directory) as store:
        every = store.findings()
        listed = every if all_ else [finding for finding in every if finding.status in SHOWN]
        if json:
            print_json([_row(store, finding) for finding in listed])
        else:
            print_findings(store, listed)
            if len(every) > len(listed):
                print(f"{len(every) - len(listed)} more wait to be confirmed or did not fail again (--all)")


def show(directory: CampaignArgument, id_: FindingArgument, json: JsonOption = False) -> None:
    """Show one finding: its report, and where its files are.

    Example: tensorsmith show campaigns/first 3f2a
    """
    with Store.open(directory) as store:
        finding = store.finding(id_)
        seen_in = store.observed(finding.id)
        if json:
            print_json({**_row(store, finding), "seen_in": seen_in})
            return
        print_findings(store, [finding])
        if parts := store.joined.parts(finding.id):
            print(f"merged into it: {' '.join(parts)}")
        print(f"seen in {_counted(len(seen_in), 'test')}: {' '.join(id_[:12] for id_ in seen_in[:_TESTS])}", end="")
        print(" ... (--json lists all)" if len(seen_in) > _TESTS else "")
        report = store.finding_directory(finding.id) / "report.md"
        if report.exists():
            console = Console()
            text = report.read_text()
            print()
            console.print(
                Markdown(text) if console.is_terminal else text, markup=False, highlight=False, soft_wrap=True
            )


def mark(
    directory: CampaignArgument,
    id_: FindingArgument,
    status: Annotated[Status, typer.Argument(help="What it is now.")],
    link: Annotated[str, typer.Option(help="Where it is discussed.")] = "",
) -> None:
    """Set the status of a finding: a known one is not reported again, a fixed one that fails again is.

    Example: tensorsmith mark campaigns/first 3f2a known --link https://example.org/bug/1
    """
    with Store.open(directory) as store:
        print_findings(store, [store.mark(id_, status, link)])


def print_findings(store: Store, found: Sequence[Finding]) -> None:
    """Print a table of findings, with the script that shows each one."""
    if not found:
        print("no findings")
        return
    columns = ("id", "status", "again", "seen", "kind", "guilty", "target", "operators", "script")
    print_table(columns, (_cells(store, finding) for finding in found))


def _cells(store: Store, finding: Finding) -> tuple[str, ...]:
    again = f"{finding.reproduced}/{finding.of}" if finding.of else "-"
    kind = f"{finding.kind} ({finding.channel})" if finding.channel else finding.kind
    operators = " ".join(op.removeprefix("aten.") for op in finding.operators)
    script = store.finding_directory(finding.id) / "repro.py"
    shown_script = str(script) if script.exists() else "-"
    return (
        finding.id,
        finding.status,
        again,
        str(finding.seen),
        kind,
        finding.guilty or "-",
        finding.target,
        operators,
        shown_script,
    )


def _row(store: Store, finding: Finding) -> dict[str, Any]:
    path = str(store.finding_directory(finding.id))
    return {**_fields(finding), "path": path, "merged": store.joined.parts(finding.id)}


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _fields(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in finding.__struct_fields__}
