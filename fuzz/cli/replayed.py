"""What `replay` says of one test case, to people and in every format."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from tensorsmith.corpus.findings import Status
from tensorsmith.fuzz.cli.cases import CASE_FILE, ReplayItem
from tensorsmith.triage.known import is_fixed_here

if TYPE_CHECKING:
    from tensorsmith.triage.replay import ReplayResult


class Replayed(msgspec.Struct, frozen=True):
    """What `replay --json` says of one test case.

    `failure` says whether it counts against the exit code; `known` is the link, or else the note, of the known bug that
    it is or was; `said_fixed_in` is the release that was to have it fixed and has not. Of what was not run, `kind`,
    `channel` and `message` are those of the failure that it is known for.
    """

    path: str
    id: str
    target: str
    status: Literal["failing", "changed", "fixed", "passes", "invalid", "unsupported", "not-run"]
    failure: bool
    was: Status | None
    known: str
    said_fixed_in: str
    reason: str
    kind: str | None
    channel: str
    message: str
    seconds: float


def replayed(item: ReplayItem, result: ReplayResult, seconds: float) -> Replayed:
    """How an item stands after its replay, which took so many seconds."""
    from tensorsmith.triage.standing import standing

    now, verdict = standing(item.case, item.verdict, item.status, result, item.bugs), result.verdict
    return Replayed(
        path=str(item.path),
        id=item.case.id,
        target=item.case.target,
        status=now.status,
        failure=now.failure,
        was=item.status,
        known=now.bug.name if now.bug is not None else item.link,
        said_fixed_in=now.bug.fixed_in if now.bug is not None and now.failure and is_fixed_here(now.bug) else "",
        reason=verdict.reason,
        kind=verdict.kind,
        channel=verdict.channel,
        message=verdict.message,
        seconds=seconds,
    )


def not_run(item: ReplayItem) -> Replayed:
    """An item that the time did not suffice for."""
    verdict = item.verdict
    return Replayed(
        path=str(item.path),
        id=item.case.id,
        target=item.case.target,
        status="not-run",
        failure=False,
        was=item.status,
        known=item.link,
        said_fixed_in="",
        reason="the time was used up",
        kind=verdict.kind if verdict is not None else None,
        channel=verdict.channel if verdict is not None else "",
        message=verdict.message if verdict is not None else "",
        seconds=0.0,
    )


def headline(one: Replayed) -> str:
    """How it stands, with what was known: `failing (was confirmed; known: https://...)`."""
    facts = [f"was {one.was}"] if one.was else []
    if one.said_fixed_in:
        facts.append(f"said to be fixed in {one.said_fixed_in}: {one.known}")
    elif one.known:
        facts.append(f"known: {one.known}")
    return one.status + (f" ({'; '.join(facts)})" if facts else "")


def what_happened(one: Replayed) -> str:
    """The failure, or the reason why there is no verdict, in one line."""
    parts = (one.reason, one.kind, one.channel, one.message.split("\n")[0][:200])
    return " ".join(part for part in parts if part)


def file_of(one: Replayed) -> str:
    """The test-case file, relative to the working directory if it lies within it, for tools that link to files."""
    path = Path(one.path)
    file = Path(os.path.abspath(path / CASE_FILE if path.is_dir() else path))
    return (file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file).as_posix()


def totals(every: Sequence[Replayed]) -> str:
    """How many stand how: `3 test cases: new failures 1, failing as known 2`."""
    counts = Counter(_class(one) for one in every)
    listed = [f"{name} {counts[name]}" for name in _CLASSES if counts[name]]
    return f"{len(every)} test case{'' if len(every) == 1 else 's'}: {', '.join(listed) or 'nothing to run'}"


_CLASSES = ("new failures", "failing as known", "fixed", "passing", "without a verdict", "not run")


def _class(one: Replayed) -> str:
    if one.failure:
        return "new failures"
    if one.status in ("failing", "changed"):
        return "failing as known"
    names = {"fixed": "fixed", "passes": "passing", "not-run": "not run"}
    return names.get(one.status, "without a verdict")
