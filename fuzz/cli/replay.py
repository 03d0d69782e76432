"""`tensorsmith replay`."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from tensorsmith.fuzz.cli.annotations import annotation
from tensorsmith.fuzz.cli.cases import replay_items
from tensorsmith.fuzz.cli.judging import make_ready
from tensorsmith.fuzz.cli.junit import JUnitCase, write_junit
from tensorsmith.fuzz.cli.options import (
    AnnotationsOption,
    ImportOption,
    JsonOption,
    KnownOption,
    MemoryOption,
    TestTimeoutOption,
    import_first,
    limits,
)
from tensorsmith.fuzz.cli.options import seconds as parsed_seconds
from tensorsmith.fuzz.cli.output import print_json
from tensorsmith.fuzz.cli.replayed import Replayed, file_of, headline, not_run, replayed, totals, what_happened
from tensorsmith.fuzz.cli.sarif import write_sarif
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.triage.known import read_all_known

# There was no failure, and not all was run.
NOT_ALL_EXIT_CODE = 4


def replay(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Campaigns, findings, folders of findings or of test cases, test cases."
        ),
    ],
    known: KnownOption = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML too.")] = None,
    sarif: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0 too, for code scanning.")
    ] = None,
    annotations: AnnotationsOption = False,
    shard: Annotated[
        str | None, typer.Option(metavar="K/N", help="Run the Kth of N parts only, such as 2/4, on several machines.")
    ] = None,
    time_: Annotated[
        str | None, typer.Option("--time", metavar="TIME", help="Begin no further test case after so long: 5m.")
    ] = None,
    json: JsonOption = False,
    imports: ImportOption = None,
    test_timeout: TestTimeoutOption = None,
    memory: MemoryOption = None,
) -> None:
    """Judge findings or test cases again, each in a fresh process: failing, fixed, or changed.

    What is expected to fail and does is no failure: a finding that fails as it did, and what a registry of known bugs
    tells. Exits with 1 when a finding marked as fixed fails again, one fails in another way, or a bare test case fails,
    and no known bug explains it; else with 4 when --time did not suffice for all: the others are listed as not-run.
    What is fixed is told, and is no failure either.

    Example: tensorsmith replay campaigns/first --known known.toml --junit replay.xml --time 5m
    """
    start = time.monotonic()
    allowed = limits(test_timeout, memory)
    deadline = None if time_ is None else start + parsed_seconds("--time", time_)
    part, parts = (1, 1) if shard is None else _shard(shard)
    bugs = read_all_known(known or ())
    import_first(imports or ())
    every = [item for path in paths for item in replay_items(path, bugs)]
    items = every[part - 1 :: parts]

    from tensorsmith.triage.replay import replay_case

    for name, device in dict.fromkeys((item.case.target, item.case.device) for item in items):
        make_ready(name, device)
    done: list[Replayed] = []
    for item in items:
        begun = time.monotonic()
        if deadline is not None and begun >= deadline:
            done.append(not_run(item))
        else:
            result = replay_case(item.case, item.expected, allowed)
            done.append(replayed(item, result, time.monotonic() - begun))
        if not json:
            print(_line(done[-1]), flush=True)
    if json:
        print_json(done)
    else:
        print(totals(done) + (f" (shard {shard} of {len(every)})" if shard else ""))
    if annotations:
        # JSON on standard output stays JSON; GitHub reads both streams.
        print("\n".join(_annotations(done)), file=sys.stderr if json else sys.stdout)
    if junit is not None:
        write_junit(junit, [_junit_case(one) for one in done])
    if sarif is not None:
        write_sarif(sarif, done)
    if any(one.failure for one in done):
        raise typer.Exit(1)
    if any(one.status == "not-run" for one in done):
        raise typer.Exit(NOT_ALL_EXIT_CODE)


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise InvalidInputError(f"--shard: not a part: {text!r}; write it as 2/4, from 1/4 to 4/4")
    return int(found[1]), int(found[2])


def _line(one: Replayed) -> str:
    return f"{'FAILURE ' if one.failure else ''}{headline(one)} {one.path} {what_happened(one)}".rstrip()


def _annotations(done: Sequence[Replayed]) -> list[str]:
    lines = [
        annotation("error", file_of(one), f"{one.target} {headline(one)}", what_happened(one))
        for one in done
        if one.failure
    ]
    lines += [
        annotation("notice", file_of(one), f"{one.target} {headline(one)}", "passes now")
        for one in done
        if one.status == "fixed" and one.was != "fixed"
    ]
    return [
        *lines,
        annotation(
            "warning" if any(one.status == "not-run" for one in done) else "notice",
            "",
            "tensorsmith replay",
            totals(done),
        ),
    ]


def _junit_case(one: Replayed) -> JUnitCase:
    outcome: Literal["passed", "failed", "skipped"] = "skipped"  # fails as known, says nothing, or was not run
    if one.failure:
        outcome = "failed"
    elif one.status in ("fixed", "passes"):
        outcome = "passed"
    return JUnitCase(
        one.path, one.target, one.seconds, outcome, f"{headline(one)}: {one.message or one.reason}".rstrip(": ")
    )
