"""`tensorsmith replay`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from tensorsmith.corpus.findings import Status
from tensorsmith.fuzz.cli.cases import ReplayItem, replay_items
from tensorsmith.fuzz.cli.judging import make_ready
from tensorsmith.fuzz.cli.junit import JUnitCase, write_junit
from tensorsmith.fuzz.cli.options import ImportOption, JsonOption, MemoryOption, TestTimeoutOption, import_first, limits
from tensorsmith.fuzz.cli.output import print_json

if TYPE_CHECKING:
    from tensorsmith.triage.replay import ReplayResult


class Replayed(msgspec.Struct, frozen=True):
    """What `replay --json` says of one test case. `failure` says whether it counts against the exit code."""

    path: str
    id: str
    target: str
    status: Literal["failing", "changed", "fixed", "passes", "invalid", "unsupported"]
    failure: bool
    was: Status | None
    reason: str
    kind: str | None
    channel: str
    message: str
    seconds: float


def replay(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Campaigns, directories of findings or of test cases, test-case files."),
    ],
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML too.")] = None,
    json: JsonOption = False,
    imports: ImportOption = None,
    test_timeout: TestTimeoutOption = None,
    memory: MemoryOption = None,
) -> None:
    """Judge findings or test cases again, each in a fresh process: failing, fixed, or changed.

    Exits with 1 when a finding marked as fixed fails again, one fails in another way, or a bare test case fails.

    Example: tensorsmith replay campaigns/first --junit replay.xml
    """
    allowed = limits(test_timeout, memory)
    import_first(imports or ())
    items = [item for path in paths for item in replay_items(path)]

    from tensorsmith.triage.replay import replay_case

    for name, device in dict.fromkeys((item.case.target, item.case.device) for item in items):
        make_ready(name, device)
    replayed: list[Replayed] = []
    for item in items:
        start = time.monotonic()
        result = replay_case(item.case, item.expected, allowed)
        replayed.append(_replayed(item, result, time.monotonic() - start))
        if not json:
            print(_line(replayed[-1]), flush=True)
    if json:
        print_json(replayed)
    if junit is not None:
        write_junit(junit, [_junit_case(one) for one in replayed])
    if any(one.failure for one in replayed):
        raise typer.Exit(1)


def _replayed(item: ReplayItem, result: ReplayResult, seconds: float) -> Replayed:
    as_expected = item.expected is not None and item.status != "fixed" and result.outcome == "failing"
    return Replayed(
        path=str(item.path),
        id=item.case.id,
        target=item.case.target,
        # Nothing is fixed where no failure was known.
        status="passes" if item.expected is None and result.outcome == "fixed" else result.outcome,
        failure=result.verdict.outcome == "fail" and not as_expected,
        was=item.status,
        reason=result.verdict.reason,
        kind=result.verdict.kind,
        channel=result.verdict.channel,
        message=result.verdict.message,
        seconds=seconds,
    )


def _line(one: Replayed) -> str:
    was = f" (was {one.was})" if one.was else ""
    what = " ".join(part for part in (one.reason, one.kind, one.channel, one.message.split("\n")[0][:200]) if part)
    return f"{'FAILURE ' if one.failure else ''}{one.status}{was} {one.path} {what}".rstrip()


def _junit_case(one: Replayed) -> JUnitCase:
    outcome: Literal["passed", "failed", "skipped"] = "skipped"  # fails as known, or says nothing
    if one.failure:
        outcome = "failed"
    elif one.status in ("fixed", "passes"):
        outcome = "passed"
    return JUnitCase(one.path, one.target, one.seconds, outcome, f"{one.status}: {one.message}".rstrip(": "))
