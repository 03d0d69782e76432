"""`tensorsmith reduce`."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.files import write_folder
from tensorsmith.fuzz.cli.cases import CASE_FILE, VERDICT_FILE, named_case
from tensorsmith.fuzz.cli.judging import make_ready, timed_failing_verdict
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
from tensorsmith.fuzz.cli.reduction_screen import reduction_screen
from tensorsmith.ir.cases import Case, encode, size_of, size_unit
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits

if TYPE_CHECKING:
    from tensorsmith.triage.memory import Memory
    from tensorsmith.triage.search import Reduced

ORIGINAL_FILE = "original.json"
# What an earlier reduction left, which this one may not get to write.
WRITTEN_LAST = ("repro.py", "report.md")
OTHER = "other-"
# On machines with more cores than this, half of the others judge what may come next.
FEW_CORES = 4
MOST_WORKERS = 8


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
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Judge so many candidates at once.  [default: 1, more on machines with many cores]"
        ),
    ] = None,
    interesting: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Ask this command instead of the oracles: it gets the path of a candidate's script, in the place of "
            "{} or at the end, and exits with other than 0 while that is interesting.",
        ),
    ] = None,
) -> None:
    """Find the smallest program that still fails in the same way, and write it as a script of its own.

    Writes repro.py, report.md, testcase.json, verdict.json and original.json, and other-1, other-2 ... with failures of
    other kinds that it met. testcase.json is the smallest so far at any time: Ctrl-C keeps it, and the same command
    goes on where it was interrupted or killed.

    Example: tensorsmith reduce campaigns/first/findings/3f2a91c07b5e --out reduced
    """
    allowed = limits(test_timeout, memory)
    import_first(imports or ())
    deadline = seconds("--time", time)
    case = named_case(name, campaign, target, inputs or ())
    if interesting is None:
        verdict, took = timed_failing_verdict(case, name, allowed)
    else:
        verdict, took = _interesting_verdict(interesting, case, name, allowed), None
    known = _memory(out, case, _key(case, allowed, imports or (), interesting))

    print(f"fails: {_failure(verdict)}")
    unit = size_unit(case)
    remembered = f", of which {len(known)} candidates are known" if len(known) else ""
    print(f"reducing {size_of(case)} {unit}{remembered} ...", flush=True)
    many = _workers(workers)
    screen = reduction_screen(Console(), size_of(case), unit)
    reduced: Reduced[Case]
    try:
        if interesting is None:
            from tensorsmith.triage.reduce_isolated import reduce_isolated

            reduced, again = reduce_isolated(case, verdict, allowed, deadline, screen.update, known, many, took)
        else:
            from tensorsmith.triage.interesting import reduce_interesting

            reduced, again = reduce_interesting(
                interesting, case, verdict, allowed, deadline, screen.update, known, many
            )
    finally:
        screen.close()
    _write(out, case, reduced, again, allowed, interesting is not None)
    print(f"{size_of(reduced.case)} {unit} left after {reduced.calls} runs; fails {again[0]} of {again[1]} times")
    if not reduced.minimal:
        print("stopped before it was done: a longer --time may find a smaller program, from here on")
    for number, (_, other) in enumerate(reduced.slipped, 1):
        print(f"another failure met on the way: {_failure(other)}: {out / f'{OTHER}{number}' / CASE_FILE}")
    if interesting is None:
        print(f"what is guilty, and what else fails: tensorsmith report {out / CASE_FILE}")
    print(out / "repro.py")


def _interesting_verdict(command: str, case: Case, name: str, allowed: Limits) -> Verdict:
    """What the command makes of the test case.

    Raises:
        InvalidInputError: it is not interesting.
    """
    from tensorsmith.triage.interesting import run_command

    make_ready(case.target, case.device)
    verdict = run_command(command, case, allowed)
    if verdict.outcome != "fail":
        why = f" ({verdict.message})" if verdict.message else ""
        raise InvalidInputError(
            f"{name}: not interesting to begin with: `{command}` "
            f"{'exits with 0' if verdict.outcome == 'pass' else 'says nothing'}{why}"
        )
    return verdict


def _memory(out: Path, case: Case, key: str) -> Memory:
    """Make the folder, see that files can be written to it, and read what an earlier run of the same noted.

    Raises:
        StoreError: they cannot.
    """
    from tensorsmith.triage.memory import Memory

    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
        known = Memory(out, key)
        write_folder(out, {ORIGINAL_FILE: encode(case)})
        for name in WRITTEN_LAST:
            (out / name).unlink(missing_ok=True)
        for folder in out.glob(f"{OTHER}*"):
            if re.fullmatch(rf"{OTHER}\d+", folder.name) and (folder / CASE_FILE).exists():
                shutil.rmtree(folder)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error.strerror}") from error
    return known


def _key(case: Case, allowed: Limits, imports: Sequence[str], interesting: str | None) -> str:
    """What verdicts on candidates depend on besides these: compilers, limits, imported files, the command."""
    parts = [case.id, repr(allowed), interesting or ""]
    for package in ("tensorsmith", "torch", "apache-tvm", "onnxruntime", "onnxscript"):
        try:
            parts.append(metadata.version(package))
        except metadata.PackageNotFoundError:
            parts.append("")
    for module in imports:
        path = Path(module)
        parts.append(path.read_text(errors="replace") if path.is_file() else module)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _workers(asked: int | None) -> int:
    cores = os.cpu_count() or 1
    return asked or (1 if cores <= FEW_CORES else min(MOST_WORKERS, cores // 2))


def _write(
    out: Path, case: Case, reduced: Reduced[Case], again: tuple[int, int], allowed: Limits, by_command: bool
) -> None:
    """Write all files.

    Raises:
        StoreError: they cannot be written.
    """
    files: dict[str, str | bytes] = {
        CASE_FILE: encode(reduced.case),
        VERDICT_FILE: msgspec.json.encode(reduced.verdict),
        ORIGINAL_FILE: encode(case),
    }
    if by_command:
        from tensorsmith.triage.interesting import interesting_script

        files["repro.py"] = interesting_script(reduced.case)
    else:
        from tensorsmith.triage.write_up import best_script, write_report

        script, _ = best_script(reduced.case, reduced.verdict, allowed)
        files["repro.py"] = script
        files["report.md"] = write_report(reduced.case, reduced.verdict, again, script)
    try:
        write_folder(out, files)
        for number, (other, verdict) in enumerate(reduced.slipped, 1):
            named = {CASE_FILE: encode(other), VERDICT_FILE: msgspec.json.encode(verdict)}
            write_folder(out / f"{OTHER}{number}", named)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error.strerror}") from error


def _failure(verdict: Verdict) -> str:
    first_line = verdict.message.split("\n")[0][:200]
    return " ".join(part for part in (verdict.kind, verdict.channel, first_line) if part)
