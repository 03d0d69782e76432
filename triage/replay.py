"""Replay: run a test case again in a fresh process and say whether it still fails, fails otherwise, or is fixed."""

from __future__ import annotations

from typing import Literal

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.triage.signature import Signature, signature

# failing: as expected, or nothing was expected. changed: it fails in another way. fixed: it passes. invalid: it says
# nothing, because eager fails as well or the result is undefined. unsupported: the compiler now says that it cannot.
Outcome = Literal["failing", "changed", "fixed", "invalid", "unsupported"]


class ReplayResult(msgspec.Struct, frozen=True):
    """How a replay ended, with the verdict of the new run."""

    outcome: Outcome
    verdict: Verdict


def replay_case(case: Case, expected: Signature | None, limits: Limits) -> ReplayResult:
    """Judge a test case in a fresh process and compare with the signature that it had; None expects nothing."""
    verdict = judge_isolated(case, limits)
    if verdict.outcome == "pass":
        return ReplayResult("fixed", verdict)
    if verdict.outcome == "invalid":
        return ReplayResult("invalid", verdict)
    if verdict.outcome == "limitation":
        return ReplayResult("unsupported", verdict)
    changed = expected is not None and not _agrees(expected, signature(case, verdict))
    return ReplayResult("changed" if changed else "failing", verdict)


def _agrees(expected: Signature, found: Signature) -> bool:
    """Whether the failure is the expected one; operators do not count, the program being given."""
    return _without_program(expected) == _without_program(found)


def _without_program(found: Signature) -> Signature:
    return msgspec.structs.replace(found, operators=(), structure="")
