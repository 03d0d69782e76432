"""`tensorsmith reduce`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.files import write_folder
from tensorsmith.fuzz.cli.cases import CASE_FILE, VERDICT_FILE, named_case
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
    seconds,
)
from tensorsmith.fuzz.screen import clock
from tensorsmith.ir.cases import encode, size_of, size_unit
from tensorsmith.oracles.verdict import Verdict

if TYPE_CHECKING:
    from tensorsmith.triage.search import Progress


def reduce(
    name: CaseArgument,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path("reduced"),
    time: Annotated[str, typer.Option(metavar="TIME", help="How long to try.")] = "10m",
    campaign: CampaignOption = None,
    target: TargetOption = None,
    inputs: InputsOption = None,
    imports: ImportOption = None,
    test_timeout: TestTimeoutOption = None,
    memory: MemoryOption = None,
) -> None:
    """Find the smallest program that still fails in the same way, and write it as a script of its own.

    Writes repro.py, report.md, testcase.json, verdict.json and original.json.

    Example: tensorsmith reduce campaigns/first/findings/3f2a91c07b5e --out reduced
    """
    allowed = limits(test_timeout, memory)
    import_first(imports or ())
    deadline = seconds("--time", time)
    case = named_case(name, campaign, target, inputs or ())
    verdict = failing_verdict(case, name, allowed)
    _make_writable(out)

    from tensorsmith.triage.reduce_isolated import reduce_isolated
    from tensorsmith.triage.write_up import best_script, write_report

    print(f"fails: {_failure(verdict)}")
    unit = size_unit(case)
    print(f"reducing {size_of(case)} {unit} ...", flush=True)
    reduced, again = reduce_isolated(case, verdict, allowed, deadline, _teller(size_of(case), unit))
    script, _ = best_script(reduced.case, reduced.verdict, allowed)
    files: dict[str, str | bytes] = {
        "repro.py": script,
        "report.md": write_report(reduced.case, reduced.verdict, again, script),
        CASE_FILE: encode(reduced.case),
        VERDICT_FILE: msgspec.json.encode(reduced.verdict),
        "original.json": encode(case),
    }
    try:
        write_folder(out, files)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error.strerror}") from error
    print(f"{size_of(reduced.case)} {unit} left after {reduced.calls} runs; fails {again[0]} of {again[1]} times")
    if not reduced.minimal:
        print("stopped before it was done: a longer --time may find a smaller program")
    for _, other in reduced.slipped:
        print(f"another failure met on the way: {_failure(other)}")
    print(out / "repro.py")


def _make_writable(out: Path) -> None:
    """Make the folder, and see that files can be written to it.

    Raises:
        StoreError: they cannot.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out), tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error.strerror}") from error


def _teller(size: int, unit: str) -> Callable[[Progress], None]:
    """Prints a line whenever the program got smaller."""
    smallest = size

    def tell(progress: Progress) -> None:
        nonlocal smallest
        if progress.operators < smallest:
            smallest = progress.operators
            print(f"  {clock(progress.seconds)} {smallest} {unit} after {progress.calls} runs", flush=True)

    return tell


def _failure(verdict: Verdict) -> str:
    first_line = verdict.message.split("\n")[0][:200]
    return " ".join(part for part in (verdict.kind, verdict.channel, first_line) if part)
